package hardship

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// A siege is what an attacker with slow connections does, and what came of it.
type siege struct {
	Addr  netip.AddrPort
	Says  []string // how connections begin, in turn
	Drips []bool   // whether more follows, byte by byte; the others do not read
	Conns int
	Time  time.Duration

	Dripped int
	Left    int           // open at the end
	Longest time.Duration // that one of the others lived
}

// Each connection is looked at once in a period, at a moment of its own, and
// drips every other time: half of them in every period. It takes some periods
// to open them all.
const (
	period  = 500 * time.Millisecond
	moments = 100
	opening = 5
)

// run opens Conns connections, bare sockets that cost their attacker next to
// nothing, and keeps each for as long as it is let.
func (s *siege) run() error {
	conns := make([]struct {
		fd    int // 0 before, and -1 after
		since time.Time
	}, s.Conns)
	defer func() {
		for _, c := range conns {
			if c.fd > 0 {
				unix.Close(c.fd)
			}
		}
	}()
	tick := time.NewTicker(period / moments)
	defer tick.Stop()
	for m, end := 0, time.Now().Add(s.Time); time.Now().Before(end); m++ {
		<-tick.C
		for i := m % moments; i < len(conns); i += moments {
			c, kind := &conns[i], i%len(s.Says)
			switch {
			case c.fd == 0 && m/moments >= i*opening/len(conns):
				fd, err := s.open(s.Says[kind])
				if err != nil {
					return err
				}
				c.fd, c.since = fd, time.Now()
				s.Left++
			case c.fd > 0 && !s.holds(c.fd, s.Drips[kind] && (m+i)/moments%2 == 0):
				s.Longest = max(s.Longest, time.Since(c.since))
				unix.Close(c.fd)
				c.fd = -1
				s.Left--
			}
		}
	}
	return nil
}

// open connects and says the beginning of a request.
func (s *siege) open(says string) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	// Little is on its way to a reader: what fills the kernel's buffers is work too.
	if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10); err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Addr: s.Addr.Addr().As4(), Port: int(s.Addr.Port())})
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err == nil {
		_, err = unix.Write(fd, []byte(says))
	}
	if err != nil {
		unix.Close(fd)
	}
	return fd, err
}

// holds lets a connection drip, and reports whether the other side still has it.
func (s *siege) holds(fd int, drips bool) bool {
	if drips {
		switch _, err := unix.Write(fd, []byte("x")); err {
		case nil:
			s.Dripped++
		case unix.EAGAIN:
		default:
			return false
		}
	}
	p := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(p, 0)
	return n == 0 && err == nil // whatever is reported unasked is an end
}
