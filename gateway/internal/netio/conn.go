package netio

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Conn is a connection owned by one goroutine at a time, or by one that reads
// and one that writes. Only Kick, KickRead and Close may be called by others.
type Conn struct {
	net.Conn
	raw syscall.RawConn // nil where bytes do not go to a socket as they are

	// Unix milliseconds at which the watchdog expires reading and writing; 0 never.
	dueRead, dueWrite atomic.Int64

	// The call under way, for the callbacks below: a closure for every call
	// would be an allocation for every call.
	in     []byte
	n      int
	err    error
	first  []byte // what Exchange has still to write
	source func() []byte
	step   func(n int, err error) bool
	reads  int

	// The write under way: apart, since another goroutine may be reading.
	out      []byte
	written  int
	writeErr error

	onRead, onWrite, onExchange, onServe func(fd uintptr) bool
}

// New wraps c. Its bytes are moved by system call if c is a socket itself.
func New(c net.Conn) *Conn {
	n := &Conn{Conn: c}
	switch s := c.(type) {
	case *net.TCPConn:
		n.raw, _ = s.SyscallConn()
	case *net.UnixConn:
		n.raw, _ = s.SyscallConn()
	}
	n.onRead, n.onWrite, n.onExchange, n.onServe = n.read, n.write, n.exchange, n.serve
	return n
}

// ExpireRead has reading fail with os.ErrDeadlineExceeded from a time on, in
// Unix milliseconds; 0 is never.
func (c *Conn) ExpireRead(ms int64) { c.dueRead.Store(ms) }

// ExpireWrite is ExpireRead for writing.
func (c *Conn) ExpireWrite(ms int64) { c.dueWrite.Store(ms) }

// long is a time that has passed.
var long = time.Unix(1, 0)

// KickRead makes reading fail now and from now on. It may be called by any
// goroutine.
func (c *Conn) KickRead() { c.SetReadDeadline(long) }

// Kick is KickRead for both directions.
func (c *Conn) Kick() { c.SetDeadline(long) }

// Revive takes back what has expired, up to a new deadline for everything, so
// that a last answer can be written.
func (c *Conn) Revive(at time.Time) {
	c.dueRead.Store(0)
	c.dueWrite.Store(0)
	c.SetDeadline(at)
}

// due expires what is due at now.
func (c *Conn) due(now int64) {
	// The swap loses against an owner who has just moved the deadline, and
	// then nothing is due.
	if d := c.dueRead.Load(); d != 0 && d <= now && c.dueRead.CompareAndSwap(d, 0) {
		c.SetReadDeadline(long)
	}
	if d := c.dueWrite.Load(); d != 0 && d <= now && c.dueWrite.CompareAndSwap(d, 0) {
		c.SetWriteDeadline(long)
	}
}

// Read reads what is there, waiting for the first byte.
func (c *Conn) Read(p []byte) (int, error) {
	if c.raw == nil {
		return c.Conn.Read(p)
	}
	c.in = p
	err := c.raw.Read(c.onRead)
	c.in = nil
	return c.result(err)
}

// Write writes all of p.
func (c *Conn) Write(p []byte) (int, error) {
	if c.raw == nil {
		return c.Conn.Write(p)
	}
	c.out, c.written, c.writeErr = p, 0, nil
	err := c.raw.Write(c.onWrite)
	c.out = nil
	if err == nil {
		err = c.writeErr
	}
	return c.written, err
}

func (c *Conn) write(fd uintptr) bool {
	for c.written < len(c.out) {
		n, err := unix.Write(int(fd), c.out[c.written:])
		switch err {
		case nil:
			c.written += n
		case unix.EINTR:
		case unix.EAGAIN:
			return false
		default:
			c.writeErr = err
			return true
		}
	}
	return true
}

// Exchange writes out and waits for the first bytes of what comes back. A
// connection that has something to say before it was asked is not used:
// ErrStale. No byte of out has been sent then.
func (c *Conn) Exchange(out, in []byte) (int, error) {
	if c.raw == nil {
		if _, err := c.Conn.Write(out); err != nil {
			return 0, err
		}
		return c.Conn.Read(in)
	}
	c.first, c.in = out, in
	err := c.raw.Read(c.onExchange)
	if err != nil && c.first != nil {
		err = ErrStale // expired by a deadline of its last use
	}
	c.first, c.in = nil, nil
	return c.result(err)
}

// Quiet reports whether the peer has neither closed the connection nor said
// anything on it. It takes what was said, so that a connection that is not
// quiet is of no use any more. Of TLS it knows nothing, and says yes.
func (c *Conn) Quiet() bool {
	if c.raw == nil {
		return true
	}
	var one [1]byte
	var err error
	rerr := c.raw.Read(func(fd uintptr) bool {
		_, err = unix.Read(int(fd), one[:])
		return true
	})
	return rerr == nil && err == unix.EAGAIN
}

// Gone reports whether the peer has closed the connection. It may be asked
// within Serve. Of TLS it knows nothing, and says no.
func (c *Conn) Gone() bool {
	if c.raw == nil {
		return false
	}
	gone := false
	one := make([]byte, 1)
	err := c.raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), one, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = n == 0 && err == nil || err != nil && err != syscall.EAGAIN && err != syscall.EINTR
	})
	return gone || err != nil
}

// Serve calls step with what each read has put into the buffer that source
// returned, until step returns false. It must not be used together with Read,
// and step must not call Read, Exchange or Serve; it may Write.
//
// All waiting happens within one call of the poller, whose readiness is reset
// at its beginning alone. So a read that did not fill its buffer has emptied
// the socket, and what arrives later will wake the poller: no read is needed
// to find out. The first reads of a connection make sure nevertheless, because
// a peer that has closed its half already gives no further sign.
func (c *Conn) Serve(source func() []byte, step func(n int, err error) bool) error {
	if c.raw == nil {
		for {
			if n, err := c.Conn.Read(source()); !step(n, eof(n, err)) {
				return nil
			}
		}
	}
	c.source, c.step = source, step
	return c.raw.Read(c.onServe)
}

func (c *Conn) serve(fd uintptr) bool {
	for {
		p := c.source()
		n, err := unix.Read(int(fd), p)
		switch err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return !c.step(0, nil)
		}
		c.reads++
		if !c.step(n, eof(n, err)) {
			return true
		}
		if n < len(p) && c.reads > 2 {
			return false
		}
	}
}

func (c *Conn) read(fd uintptr) bool {
	for {
		c.n, c.err = unix.Read(int(fd), c.in)
		switch c.err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		}
		return true
	}
}

func (c *Conn) exchange(fd uintptr) bool {
	if c.first == nil {
		return c.read(fd)
	}
	if _, err := unix.Read(int(fd), c.in); err != unix.EAGAIN {
		c.n, c.err = 0, ErrStale
		return true
	}
	out := c.first
	c.first = nil
	if _, c.err = c.Write(out); c.err != nil {
		c.n = 0
		return true
	}
	return false // and be woken by the answer, which cannot have come before
}

// result turns what a callback left behind into what Read returns.
func (c *Conn) result(err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return max(c.n, 0), eof(c.n, c.err)
}

func eof(n int, err error) error {
	if n <= 0 && err == nil {
		return io.EOF
	}
	return err
}
