package delay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/loadtest/poll"
	"golang.org/x/sys/unix"
)

// Proxy delays what goes through it. Set and Stall may be called at any time.
type Proxy struct {
	listener *net.TCPListener
	to       string
	base     time.Time
	oneWay   atomic.Int64 // nanoseconds
	until    atomic.Int64 // nothing passes before this moment, nanoseconds since base

	joined chan [2]int // descriptors of new pairs
	wake   int         // eventfd beside joined
	poller *poll.Poller
	ends   map[int32]*end
	wire   []piece // by the time they were read
	moved  int     // how many of wire are gone
}

// end is one of the two sockets of a pair.
type end struct {
	fd      int
	peer    *end
	unsent  []byte
	closed  bool // it has said all it will
	ending  bool // its peer has, and what is unsent is the last
	watched bool
}

// piece is on its way to an end; without bytes it is the end of the stream.
type piece struct {
	due   time.Duration
	to    *end
	bytes []byte
}

const (
	wakeKey = -1
	spin    = 40 * time.Microsecond
)

// New returns a proxy that listens on l and passes on to an address.
func New(l *net.TCPListener, to string) *Proxy {
	return &Proxy{listener: l, to: to, base: time.Now(), joined: make(chan [2]int, 64), ends: map[int32]*end{}}
}

// Set changes the round trip. What is under way keeps its own.
func (p *Proxy) Set(roundTrip time.Duration) { p.oneWay.Store(int64(roundTrip / 2)) }

// Stall lets nothing through for d from now on.
func (p *Proxy) Stall(d time.Duration) { p.until.Store(int64(time.Since(p.base) + d)) }

// Serve runs the proxy until ctx ends.
func (p *Proxy) Serve(ctx context.Context) error {
	var err error
	if p.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return fmt.Errorf("creating an eventfd: %w", err)
	}
	if p.poller, err = poll.New(p.base); err != nil {
		return err
	}
	defer p.poller.Close()
	if err := p.poller.Add(p.wake, wakeKey); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { p.listener.Close() })()
	accepting := make(chan error, 1)
	go func() { accepting <- p.accept() }()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for ctx.Err() == nil {
		if err := p.turn(); err != nil {
			return err
		}
	}
	if err := <-accepting; !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// accept pairs each connection with one to the other side and hands both over.
func (p *Proxy) accept() error {
	for {
		in, err := p.listener.AcceptTCP()
		if err != nil {
			return err
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil {
			in.Close()
			continue
		}
		a, err1 := detach(in)
		b, err2 := detach(out.(*net.TCPConn))
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("taking over a connection: %w", err)
		}
		p.joined <- [2]int{a, b}
		unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// detach takes the descriptor out of the runtime's hands.
func detach(c *net.TCPConn) (int, error) {
	defer c.Close()
	f, err := c.File()
	if err != nil {
		return -1, err
	}
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return fd, unix.SetNonblock(fd, true)
}

// turn waits for one thing to happen and deals with it. It sleeps 50 ms at most,
// so that the end of ctx and of a stall are noticed.
func (p *Proxy) turn() error {
	var events []poll.Event
	var err error
	now := p.poller.Now()
	until := now + 50*time.Millisecond
	if p.moved < len(p.wire) {
		until = min(until, max(p.wire[p.moved].due, time.Duration(p.until.Load()))-spin)
	}
	if until > now {
		events, err = p.poller.Wait(until)
	} else {
		events, err = p.poller.Poll()
	}
	if err != nil {
		return err
	}
	for _, ev := range events {
		if ev.Key == wakeKey {
			if err := p.join(); err != nil {
				return err
			}
			continue
		}
		e := p.ends[ev.Key]
		if e == nil {
			continue
		}
		if ev.Writeable {
			p.flush(e)
		}
		if ev.Readable && !e.closed {
			p.read(e)
		}
		p.deliver()
	}
	p.deliver()
	return nil
}

func (p *Proxy) join() error {
	var b [8]byte
	unix.Read(p.wake, b[:])
	for {
		select {
		case pair := <-p.joined:
			a, b := &end{fd: pair[0]}, &end{fd: pair[1]}
			a.peer, b.peer = b, a
			for _, e := range []*end{a, b} {
				unix.SetsockoptInt(e.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
				p.ends[int32(e.fd)] = e
				if err := p.poller.Add(e.fd, int32(e.fd)); err != nil {
					return err
				}
			}
		default:
			return nil
		}
	}
}

// read puts what an end has said on the wire to its peer.
func (p *Proxy) read(e *end) {
	buf := make([]byte, 4096)
	n, err := unix.Read(e.fd, buf)
	if err == unix.EAGAIN || err == unix.EINTR {
		return
	}
	due := p.poller.Now() + time.Duration(p.oneWay.Load())
	if err != nil || n == 0 {
		e.closed = true
		p.poller.Watch(e.fd, int32(e.fd), false, len(e.unsent) > 0)
		p.wire = append(p.wire, piece{due, e.peer, nil})
		return
	}
	p.wire = append(p.wire, piece{due, e.peer, buf[:n]})
}

// deliver hands over every piece that is due, in order.
func (p *Proxy) deliver() {
	for p.moved < len(p.wire) {
		now := p.poller.Now()
		if next := &p.wire[p.moved]; next.due > now || now < time.Duration(p.until.Load()) {
			return
		} else if next.bytes == nil {
			p.end(next.to)
		} else if p.ends[int32(next.to.fd)] == next.to {
			next.to.unsent = append(next.to.unsent, next.bytes...)
			p.flush(next.to)
		}
		p.wire[p.moved] = piece{}
		if p.moved++; p.moved == len(p.wire) || p.moved > 4096 {
			p.wire = p.wire[:copy(p.wire, p.wire[p.moved:])]
			p.moved = 0
		}
	}
}

// flush writes what the kernel takes and asks to be told about the rest.
func (p *Proxy) flush(e *end) {
	n, err := unix.Write(e.fd, e.unsent)
	if err != nil && err != unix.EAGAIN && err != unix.EINTR {
		e.unsent = nil // its reader has gone; reading from it will end it
		return
	}
	if e.ending && max(n, 0) == len(e.unsent) {
		e.unsent = nil
		p.end(e)
		return
	}
	e.unsent = e.unsent[:copy(e.unsent, e.unsent[max(n, 0):])]
	if want := len(e.unsent) > 0; want != e.watched {
		e.watched = want
		p.poller.Watch(e.fd, int32(e.fd), !e.closed, want)
	}
}

// end closes the pair of which e is to be told that its peer has closed, once e
// has what is meant for it. HTTP/1.1 has no use for half-closed connections.
func (p *Proxy) end(e *end) {
	if p.ends[int32(e.fd)] != e {
		return
	}
	if e.ending = true; len(e.unsent) > 0 {
		return
	}
	for _, e := range []*end{e, e.peer} {
		delete(p.ends, int32(e.fd))
		unix.Close(e.fd)
	}
}

// Control obeys lines from r until it ends: "set 5ms" and "stall 3s". Each is
// answered on w with the line itself.
func (p *Proxy) Control(r io.Reader, w io.Writer) error {
	for {
		var word, value string
		if n, err := fmt.Fscanln(r, &word, &value); n == 0 && errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading a command: %w", err)
		}
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("command %q: %w", word, err)
		}
		switch word {
		case "set":
			p.Set(d)
		case "stall":
			p.Stall(d)
		default:
			return fmt.Errorf("unknown command %q", word)
		}
		fmt.Fprintln(w, word, value)
	}
}
