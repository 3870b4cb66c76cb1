package generator

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// dialer opens connections away from the thread that keeps time, and wakes it
// through an eventfd when one is ready.
type dialer struct {
	to     *net.TCPAddr
	tls    *tls.Config
	wait   time.Duration
	wanted chan struct{}
	event  int

	mu     sync.Mutex
	opened []link
}

// link is an open connection: what to write to and read from, and the socket
// beneath.
type link struct {
	sock   *sock
	stream io.ReadWriter
}

func newDialer(address string, conf *tls.Config, wait time.Duration, most int) (*dialer, error) {
	to, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("resolving %q: %w", address, err)
	}
	event, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("creating an eventfd: %w", err)
	}
	return &dialer{to: to, tls: conf, wait: wait, wanted: make(chan struct{}, most), event: event}, nil
}

func (d *dialer) open() (link, error) {
	deadline := time.Now().Add(d.wait)
	s, err := connect(d.to, deadline)
	if err != nil {
		return link{}, err
	}
	if d.tls == nil {
		return link{s, s}, nil
	}
	s.blocking = deadline
	c := tls.Client(s, d.tls)
	if err := c.Handshake(); err != nil {
		s.Close()
		return link{}, fmt.Errorf("handshake with %s: %w", d.to, err)
	}
	s.blocking = time.Time{}
	return link{s, c}, nil
}

// run opens a connection for each that is wanted until ctx ends. A server that
// refuses is asked again every 50 ms; the requests that wait meanwhile time out.
func (d *dialer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wanted:
		}
		l, err := d.open()
		for err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			l, err = d.open()
		}
		d.mu.Lock()
		d.opened = append(d.opened, l)
		d.mu.Unlock()
		unix.Write(d.event, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// take returns what has been opened since the last call.
func (d *dialer) take() []link {
	var b [8]byte
	unix.Read(d.event, b[:])
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.opened
	d.opened = nil
	return out
}

// close closes what nobody took. run must have returned.
func (d *dialer) close() {
	for _, l := range d.take() {
		l.sock.Close()
	}
	unix.Close(d.event)
}
