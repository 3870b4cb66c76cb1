package netio

import (
	"sync"
	"sync/atomic"
	"time"
)

// Tick is how often a Watchdog looks, and so how late it may be.
const Tick = 100 * time.Millisecond

// A Watchdog expires the connections it is shown.
type Watchdog struct {
	now   atomic.Int64 // Unix milliseconds, at most a Tick old
	mu    sync.Mutex
	conns map[*Conn]struct{}
	stop  chan struct{}
	done  chan struct{}
}

// NewWatchdog starts a watchdog. Stop ends it.
func NewWatchdog() *Watchdog {
	w := &Watchdog{
		conns: make(map[*Conn]struct{}),
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
	}
	w.now.Store(time.Now().UnixMilli())
	go w.run()
	return w
}

// Now is the time in Unix milliseconds, at most a Tick old.
func (w *Watchdog) Now() int64 { return w.now.Load() }

// Add has c watched until Remove.
func (w *Watchdog) Add(c *Conn) {
	w.mu.Lock()
	w.conns[c] = struct{}{}
	w.mu.Unlock()
}

// Remove has c no longer watched.
func (w *Watchdog) Remove(c *Conn) {
	w.mu.Lock()
	delete(w.conns, c)
	w.mu.Unlock()
}

// Len is the number of connections watched.
func (w *Watchdog) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.conns)
}

// Each calls f with every connection watched.
func (w *Watchdog) Each(f func(*Conn)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		f(c)
	}
}

// Stop ends the watchdog. No deadline passes any more.
func (w *Watchdog) Stop() {
	close(w.stop)
	<-w.done
}

func (w *Watchdog) run() {
	defer close(w.done)
	t := time.NewTicker(Tick)
	defer t.Stop()
	for {
		select {
		case <-w.stop:
			return
		case now := <-t.C:
			ms := now.UnixMilli()
			w.now.Store(ms)
			w.Each(func(c *Conn) { c.due(ms) })
		}
	}
}
