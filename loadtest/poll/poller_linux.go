package poll

import (
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// Supported says whether this system has what a Poller needs.
const Supported = true

// Batch is how many ready sockets one call hands out at most. A caller with a
// deadline looks at the clock between them.
const Batch = 64

// A Poller belongs to one goroutine, locked to its thread.
type Poller struct {
	epoll, timer int
	armed        time.Duration
	base         time.Time
	events       [Batch]unix.EpollEvent
	ready        [Batch]Event
}

// An Event is a socket that is ready, by the key it was added under.
type Event struct {
	Key                 int32
	Readable, Writeable bool
}

const timerKey = math.MinInt32

// New returns a Poller whose clock starts at base.
func New(base time.Time) (*Poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("creating an epoll set: %w", err)
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		unix.Close(epoll)
		return nil, fmt.Errorf("creating a timer: %w", err)
	}
	p := &Poller{epoll: epoll, timer: timer, base: base}
	// Edge-triggered: each arming raises it once, and nobody needs to read it.
	if err := p.control(unix.EPOLL_CTL_ADD, timer, timerKey, unix.EPOLLIN|unix.EPOLLET); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close gives the descriptors back; those added are the caller's to close.
func (p *Poller) Close() error {
	unix.Close(p.timer)
	return unix.Close(p.epoll)
}

// Now is the time since the base, from the monotonic clock.
func (p *Poller) Now() time.Duration { return time.Since(p.base) }

func (p *Poller) control(op, fd int, key int32, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: key}
	if err := unix.EpollCtl(p.epoll, op, fd, &ev); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// Add watches fd for reading, level-triggered. Closing fd removes it.
func (p *Poller) Add(fd int, key int32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, key, unix.EPOLLIN|unix.EPOLLRDHUP)
}

// Watch says whether fd, already added, is watched for writing too.
func (p *Poller) Watch(fd int, key int32, read, write bool) error {
	var events uint32
	if read {
		events |= unix.EPOLLIN | unix.EPOLLRDHUP
	}
	if write {
		events |= unix.EPOLLOUT
	}
	return p.control(unix.EPOLL_CTL_MOD, fd, key, events)
}

// Poll returns what is ready now. The slice is good until the next call.
func (p *Poller) Poll() ([]Event, error) { return p.wait(0) }

// Wait sleeps until something is ready or the deadline has come, whichever is
// first, and returns what is ready, possibly nothing.
func (p *Poller) Wait(deadline time.Duration) ([]Event, error) {
	left := deadline - p.Now()
	if left <= 0 {
		return p.wait(0)
	}
	if p.armed != deadline {
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(left))}
		if err := unix.TimerfdSettime(p.timer, 0, &spec, nil); err != nil {
			return nil, fmt.Errorf("timerfd_settime: %w", err)
		}
		p.armed = deadline
	}
	return p.wait(-1)
}

func (p *Poller) wait(timeout int) ([]Event, error) {
	n, err := unix.EpollWait(p.epoll, p.events[:], timeout)
	if err == unix.EINTR { // the Go scheduler's preemption signal
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("epoll_wait: %w", err)
	}
	out := p.ready[:0]
	for i := range n {
		ev := &p.events[i]
		if ev.Fd == timerKey {
			p.armed = 0
			continue
		}
		const gone = unix.EPOLLHUP | unix.EPOLLERR | unix.EPOLLRDHUP
		out = append(out, Event{
			Key:       ev.Fd,
			Readable:  ev.Events&(unix.EPOLLIN|gone) != 0,
			Writeable: ev.Events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0,
		})
	}
	return out, nil
}
