package generator

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/loadtest/poll"
	"github.com/tollgate/tollgate/loadtest/schedule"
	"golang.org/x/sys/unix"
)

// Run is a set of threads with their connections open, ready to start.
type Run struct {
	cfg     Config
	threads []*thread
}

// Open checks the configuration and opens every thread's connections, so that
// Start sends from its first moment on.
func Open(cfg Config) (*Run, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := &Run{cfg: cfg.withDefaults()}
	each := max(1, r.cfg.Connections/r.cfg.Threads)
	for range r.cfg.Threads {
		d, err := newDialer(r.cfg.Address, r.cfg.TLS, r.cfg.Timeout, r.cfg.MaxConnections+each)
		if err != nil {
			r.Close()
			return nil, err
		}
		t := &thread{cfg: &r.cfg, dialer: d}
		r.threads = append(r.threads, t)
		for range each {
			l, err := d.open()
			if err != nil {
				r.Close()
				return nil, err
			}
			d.opened = append(d.opened, l)
		}
	}
	return r, nil
}

// Close gives connections back. It need not be called after Start.
func (r *Run) Close() {
	for _, t := range r.threads {
		for _, c := range t.conns {
			if c != nil {
				c.sock.Close()
			}
		}
		t.dialer.close()
	}
	r.threads = nil
}

// Start runs the schedule to its end, or until ctx is done: then nothing more is
// sent, answers under way are awaited, and the result comes with ctx's error.
func (r *Run) Start(ctx context.Context) (*Result, error) {
	defer r.Close()
	inner, cancel := context.WithCancel(ctx)
	var threads, dialers sync.WaitGroup
	var stop atomic.Bool
	defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	errs := make([]error, len(r.threads))
	base := time.Now()
	for i, t := range r.threads {
		t.stop = stop.Load
		t.requests = r.cfg.Requests(i)
		if r.cfg.Arrivals != nil {
			t.arrivals = schedule.Split(r.cfg.Arrivals(), i, len(r.threads))
			t.next = t.arrivals.Next()
		}
		dialers.Go(func() { t.dialer.run(inner) })
		threads.Go(func() {
			runtime.LockOSThread() // its CPU time is its own
			defer runtime.UnlockOSThread()
			if errs[i] = t.run(base); errs[i] != nil {
				stop.Store(true)
			}
		})
	}
	threads.Wait()
	cancel()
	dialers.Wait()
	total := newResult(&r.cfg)
	for _, t := range r.threads {
		total.merge(&t.res)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	return total, ctx.Err()
}

// run is a thread's whole life.
func (t *thread) run(base time.Time) error {
	t.res = *newResult(t.cfg)
	p, err := poll.New(base)
	if err != nil {
		return err
	}
	defer p.Close()
	t.poller = p
	if err := p.Add(t.dialer.event, dialerKey); err != nil {
		return err
	}
	for _, l := range t.dialer.take() {
		if err := t.adopt(l); err != nil {
			return err
		}
	}
	before := threadCPU()
	err = t.loop()
	t.res.CPU = threadCPU() - before
	return err
}

func newResult(cfg *Config) *Result {
	r := &Result{
		Window: cfg.Duration, Status: map[int]int64{},
		Response: NewHistogram(), Service: NewHistogram(), Lateness: NewHistogram(),
	}
	if cfg.Timeline > 0 {
		r.Timeline = make([]Bucket, (cfg.Duration+cfg.Timeline-1)/cfg.Timeline)
	}
	return r
}

func threadCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		panic("BUG: getrusage of this thread: " + err.Error())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
