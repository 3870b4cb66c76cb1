package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// errStale: the service has closed the connection, or spoken on it, since its
// last answer. Nothing was sent.
var errStale = errors.New("connection is stale")

// A quietConn is a connection that takes no request while there is something to
// read on it: that would be taken for the answer to the next request, which is
// about another token.
type quietConn struct {
	net.Conn
	raw   syscall.RawConn // of the socket below
	heard bool            // something was read since the last write

	empty bool // what look has found
	look  func(fd uintptr)
	one   [1]byte
}

// newQuietConn watches over c, whose bytes go to socket.
func newQuietConn(c, socket net.Conn) (net.Conn, error) {
	raw, err := socket.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	q := &quietConn{Conn: c, raw: raw}
	q.look = func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), q.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		q.empty = errors.Is(err, syscall.EAGAIN)
	}
	return q, nil
}

// Handshake, which was made already, says so to fasthttp.
func (q *quietConn) Handshake() error { return nil }

func (q *quietConn) Read(p []byte) (int, error) {
	q.heard = true
	return q.Conn.Read(p)
}

func (q *quietConn) Write(p []byte) (int, error) {
	if q.heard && !q.quiet() {
		return 0, errStale
	}
	q.heard = false
	return q.Conn.Write(p)
}

// quiet reports whether there is nothing to read, nor an end.
func (q *quietConn) quiet() bool {
	q.empty = false
	if err := q.raw.Control(q.look); err != nil || !q.empty {
		return false
	}
	if _, ok := q.Conn.(*tls.Conn); !ok {
		return true
	}
	// What TLS has read from the socket already: with a deadline that has
	// passed it reads no further. fasthttp sets another before it reads.
	q.SetReadDeadline(time.Unix(1, 0))
	_, err := q.Conn.Read(q.one[:])
	q.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// dialer connects within timeout, shaking hands where config is not nil:
// fasthttp would leave that to the first write, and reading what the peer says
// to it without a deadline.
func dialer(timeout time.Duration, config *tls.Config) fasthttp.DialFuncWithTimeout {
	return func(addr string, within time.Duration) (net.Conn, error) {
		if within <= 0 || within > timeout {
			within = timeout
		}
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		socket, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		if config == nil {
			return newQuietConn(socket, socket)
		}
		c := tls.Client(socket, config)
		if err := c.HandshakeContext(ctx); err != nil {
			socket.Close()
			return nil, err
		}
		return newQuietConn(c, socket)
	}
}
