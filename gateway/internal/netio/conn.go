package netio

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
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
	in      []byte
	n       int
	err     error
	first   []byte // what Exchange has still to write
	probe   bool   // and whether to see first if the peer has anything to say
	source  func() []byte
	step    func(n int, err error) bool
	reads   int
	serving bool    // within Serve, where
	fd      uintptr // is the descriptor

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

func (c *Conn) read(fd uintptr) bool {
	for {
		n, errno := sysRead(fd, c.in)
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		}
		c.n, c.err = n, eof(n, errno)
		return true
	}
}

// Write writes all of p.
func (c *Conn) Write(p []byte) (int, error) {
	if c.raw == nil {
		return c.Conn.Write(p)
	}
	c.out, c.written, c.writeErr = p, 0, nil
	var err error
	if !c.serving || !c.write(c.fd) {
		err = c.raw.Write(c.onWrite)
	}
	c.out = nil
	if err == nil {
		err = c.writeErr
	}
	return c.written, err
}

func (c *Conn) write(fd uintptr) bool {
	for c.written < len(c.out) {
		n, errno := sysWrite(fd, c.out[c.written:])
		switch errno {
		case 0:
			c.written += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			c.writeErr = errno
			return true
		}
	}
	return true
}

// Exchange writes out and waits for the first bytes of what comes back. With
// probe, a connection that is not Quiet is not used: ErrStale, and no byte of
// out has been sent.
func (c *Conn) Exchange(out, in []byte, probe bool) (int, error) {
	if c.raw == nil {
		if _, err := c.Conn.Write(out); err != nil {
			return 0, err
		}
		return c.Conn.Read(in)
	}
	c.first, c.in, c.probe = out, in, probe
	err := c.raw.Read(c.onExchange)
	if err != nil && c.first != nil {
		err = ErrStale // expired by a deadline of its last use
	}
	c.first, c.in = nil, nil
	return c.result(err)
}

func (c *Conn) exchange(fd uintptr) bool {
	if c.first == nil {
		return c.read(fd)
	}
	if c.probe {
		if _, errno := sysRead(fd, c.in); errno != syscall.EAGAIN {
			c.n, c.err = 0, ErrStale
			return true
		}
	}
	c.out, c.written, c.writeErr = c.first, 0, nil
	c.first = nil
	if !c.write(fd) {
		if err := c.raw.Write(c.onWrite); err != nil {
			c.writeErr = err
		}
	}
	c.out = nil
	if c.writeErr != nil {
		c.n, c.err = 0, c.writeErr
		return true
	}
	return false // and be woken by the answer, which cannot have come before
}

// Quiet reports whether the peer has neither closed the connection nor said
// anything on it. It takes what was said, so that a connection that is not
// quiet is of no use any more. Of TLS it knows nothing, and says yes.
func (c *Conn) Quiet() bool {
	if c.raw == nil {
		return true
	}
	var errno syscall.Errno
	one := make([]byte, 1)
	err := c.raw.Read(func(fd uintptr) bool {
		_, errno = sysRead(fd, one)
		return true
	})
	return err == nil && errno == syscall.EAGAIN
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
			if n, err := c.Conn.Read(source()); !step(n, err) {
				return nil
			}
		}
	}
	c.source, c.step = source, step
	err := c.raw.Read(c.onServe)
	c.serving = false
	return err
}

func (c *Conn) serve(fd uintptr) bool {
	c.serving, c.fd = true, fd
	for {
		p := c.source()
		n, errno := sysRead(fd, p)
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return !c.step(0, nil)
		}
		c.reads++
		if !c.step(n, eof(n, errno)) {
			return true
		}
		if n < len(p) && c.reads > 2 {
			return false
		}
	}
}

// result turns what a callback left behind into what Read returns.
func (c *Conn) result(err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return c.n, c.err
}

func eof(n int, errno syscall.Errno) error {
	switch {
	case errno != 0:
		return errno
	case n == 0:
		return io.EOF
	}
	return nil
}
