package generator

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// sock is a non-blocking TCP socket in the shape of a net.Conn, so that a
// tls.Conn can sit on it. While blocking is set (for a handshake) it waits in
// poll(2); afterwards Read answers errAgain, which tls.Conn takes for a
// temporary error and can be asked again, and Write keeps what the kernel would
// not take in unsent.
type sock struct {
	fd       int
	blocking time.Time
	unsent   []byte
}

type again struct{}

func (again) Error() string   { return "nothing to read yet" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

var errAgain net.Error = again{}

var errConnectTimeout = errors.New("timed out")

// connect opens a connection, waiting until the deadline.
func connect(to *net.TCPAddr, deadline time.Time) (*sock, error) {
	family, addr := unix.AF_INET, unix.Sockaddr(nil)
	if ip := to.IP.To4(); ip != nil {
		addr = &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(ip)}
	} else {
		family, addr = unix.AF_INET6, &unix.SockaddrInet6{Port: to.Port, Addr: [16]byte(to.IP.To16())}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	s := &sock{fd: fd}
	err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err == nil {
		err = unix.Connect(fd, addr)
	}
	if err == unix.EINPROGRESS {
		if err = s.await(unix.POLLOUT, deadline); err == nil {
			var code int
			if code, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && code != 0 {
				err = unix.Errno(code)
			}
		}
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("connecting to %s: %w", to, err)
	}
	return s, nil
}

func (s *sock) await(events int16, deadline time.Time) error {
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return errConnectTimeout
		}
		fds := []unix.PollFd{{Fd: int32(s.fd), Events: events}}
		n, err := unix.Poll(fds, int(left.Milliseconds())+1)
		if err == unix.EINTR || err == nil && n == 0 {
			continue
		}
		return err
	}
}

func (s *sock) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(s.fd, b)
		switch {
		case err == unix.EAGAIN && !s.blocking.IsZero():
			if err := s.await(unix.POLLIN, s.blocking); err != nil {
				return 0, err
			}
		case err == unix.EAGAIN:
			return 0, errAgain
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (s *sock) Write(b []byte) (int, error) {
	if len(s.unsent) > 0 {
		s.unsent = append(s.unsent, b...)
		return len(b), nil
	}
	n, err := unix.Write(s.fd, b)
	if err == unix.EAGAIN || err == unix.EINTR {
		n, err = 0, nil
	}
	if err != nil {
		return 0, err
	}
	s.unsent = append(s.unsent, b[n:]...)
	if !s.blocking.IsZero() {
		for len(s.unsent) > 0 {
			if err := s.await(unix.POLLOUT, s.blocking); err != nil {
				return 0, err
			}
			if err := s.flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(b), nil
}

// flush sends what it can of unsent.
func (s *sock) flush() error {
	n, err := unix.Write(s.fd, s.unsent)
	if err == unix.EAGAIN || err == unix.EINTR {
		return nil
	}
	if err != nil {
		return err
	}
	s.unsent = s.unsent[:copy(s.unsent, s.unsent[n:])]
	return nil
}

func (s *sock) Close() error { return unix.Close(s.fd) }

func (s *sock) LocalAddr() net.Addr              { return nil }
func (s *sock) RemoteAddr() net.Addr             { return nil }
func (s *sock) SetDeadline(time.Time) error      { return nil }
func (s *sock) SetReadDeadline(time.Time) error  { return nil }
func (s *sock) SetWriteDeadline(time.Time) error { return nil }
