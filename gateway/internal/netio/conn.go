package netio

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// A Conn is a connection owned by one goroutine at a time, or by one that reads
// and one that writes. Only Kick, KickRead and Close may be called by others.
type Conn struct {
	net.Conn
	raw   syscall.RawConn // nil where bytes do not go to a socket as they are
	below syscall.RawConn // the socket, also below TLS; nil where there is none
	// Unix milliseconds at which the watchdog expires reading and writing; 0 never.
	dueRead, dueWrite atomic.Int64
	inServe           atomic.Bool
	looked            int64 // the watchdog's: dueRead when it last looked for an end,
	looks             int   // and how often it has, for that
	round             *round

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
	if n.raw = socket(c); n.raw != nil {
		n.below = n.raw
	} else if t, ok := c.(*tls.Conn); ok {
		n.below = socket(t.NetConn())
	}
	n.onRead, n.onWrite, n.onExchange, n.onServe = n.read, n.write, n.exchange, n.serve
	return n
}

// socket is the socket that c is, or nil.
func socket(c net.Conn) syscall.RawConn {
	var raw syscall.RawConn
	switch s := c.(type) {
	case *net.TCPConn:
		raw, _ = s.SyscallConn()
	case *net.UnixConn:
		raw, _ = s.SyscallConn()
	}
	return raw
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

// ReviveRead takes back what has expired of reading. Another goroutine may be
// writing.
func (c *Conn) ReviveRead() {
	c.dueRead.Store(0)
	c.SetReadDeadline(time.Time{})
}

// due expires what is due at now.
func (c *Conn) due(now int64) {
	// The swap loses against an owner who has just moved the deadline, and
	// then nothing is due.
	d := c.dueRead.Load()
	if d != 0 && d <= now && c.dueRead.CompareAndSwap(d, 0) {
		c.SetReadDeadline(long)
	}
	// An end that Serve may have missed is looked for in every wait: twice,
	// since the first look may have been just before it.
	if d != c.looked {
		c.looked, c.looks = d, 0
	}
	if d != 0 && c.looks < 2 && c.inServe.Load() {
		if c.looks++; c.ended() {
			c.SetReadDeadline(long)
		}
	}
	if d := c.dueWrite.Load(); d != 0 && d <= now && c.dueWrite.CompareAndSwap(d, 0) {
		c.abandon()
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
		if probe && !c.Quiet() {
			return 0, ErrStale
		}
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
// anything on it. It may take what was said, so that a connection that is not
// quiet is of no use any more. Any record counts that came after the last
// answer, a session ticket too.
func (c *Conn) Quiet() bool {
	if c.below == nil {
		return true
	}
	var errno syscall.Errno
	one := make([]byte, 1)
	// Not Control: a deadline that has passed makes Read fail.
	err := c.below.Read(func(fd uintptr) bool { _, errno = peek(fd, one); return true })
	if err != nil || errno != syscall.EAGAIN {
		return false
	}
	if c.raw != nil {
		return true
	}
	// What TLS has read from the socket already: with a deadline that has
	// passed it reads no further.
	c.SetReadDeadline(long)
	_, err = c.Conn.Read(one)
	c.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// Gone reports whether the peer has closed the connection, or its half of it,
// whatever it has said before. It may be asked within Serve.
func (c *Conn) Gone() bool {
	if c.below == nil {
		return false
	}
	gone := false
	err := c.below.Control(func(fd uintptr) { gone = hungUp(fd) })
	return gone || err != nil
}

// ended reports whether nothing is left to read, nor will be.
func (c *Conn) ended() bool {
	n, errno := -1, syscall.EAGAIN
	one := make([]byte, 1)
	err := c.raw.Control(func(fd uintptr) { n, errno = peek(fd, one) })
	return err == nil && n == 0 && errno == 0
}

// Serve calls step with what each read has put into the buffer that source
// returned, until step returns false. It must not be used together with Read,
// and step must not call Read, Exchange or Serve; it may Write.
//
// All waiting happens within one call of the poller, whose readiness is reset
// at its beginning alone. So a read that did not fill its buffer has emptied
// the socket, and what arrives later will wake the poller: no read is needed
// to find out. But a peer that had closed its half by then gives no further
// sign: the first reads of a connection make sure nevertheless, and later it is
// the watchdog that looks, where there is a deadline for reading.
func (c *Conn) Serve(source func() []byte, step func(n int, err error) bool) error {
	if c.raw == nil {
		for {
			if n, err := c.Conn.Read(source()); !step(n, err) {
				return nil
			}
		}
	}
	c.source, c.step = source, step
	c.inServe.Store(true)
	err := c.raw.Read(c.onServe)
	c.inServe.Store(false)
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
