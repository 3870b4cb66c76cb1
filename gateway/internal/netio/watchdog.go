package netio

import (
	"sync"
	"sync/atomic"
	"time"
)

// Tick is how often a Watchdog looks at a connection, and so how late it may be.
const Tick = 100 * time.Millisecond

// rounds are what a tick is divided into, each with some of the connections:
// thousands that were opened together and expire together should not hold up
// the others while they are taken leave of.
const rounds = 20

// A Watchdog expires the connections it is shown.
type Watchdog struct {
	now    atomic.Int64 // Unix milliseconds, at most a Tick old
	rounds [rounds]round
	next   atomic.Uint32
	stop   chan struct{}
	done   chan struct{}
}

// A round is the connections that are looked at together.
type round struct {
	mu    sync.Mutex
	conns map[*Conn]struct{}
}

// NewWatchdog starts a watchdog. Stop ends it.
func NewWatchdog() *Watchdog {
	w := &Watchdog{stop: make(chan struct{}), done: make(chan struct{})}
	for i := range w.rounds {
		w.rounds[i].conns = make(map[*Conn]struct{})
	}
	w.now.Store(time.Now().UnixMilli())
	go w.run()
	return w
}

// Now is the time in Unix milliseconds, at most a Tick old.
func (w *Watchdog) Now() int64 { return w.now.Load() }

// Add has c watched until Remove.
func (w *Watchdog) Add(c *Conn) {
	c.round = &w.rounds[w.next.Add(1)%rounds]
	c.round.mu.Lock()
	c.round.conns[c] = struct{}{}
	c.round.mu.Unlock()
}

// Remove has c no longer watched.
func (w *Watchdog) Remove(c *Conn) {
	c.round.mu.Lock()
	delete(c.round.conns, c)
	c.round.mu.Unlock()
}

// Stop ends the watchdog. No deadline passes any more.
func (w *Watchdog) Stop() {
	close(w.stop)
	<-w.done
}

func (w *Watchdog) run() {
	defer close(w.done)
	t := time.NewTicker(Tick / rounds)
	defer t.Stop()
	for i := 0; ; i = (i + 1) % rounds {
		select {
		case <-w.stop:
			return
		case now := <-t.C:
			ms := now.UnixMilli()
			w.now.Store(ms)
			w.rounds[i].look(ms)
		}
	}
}

func (r *round) look(now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.due(now)
	}
}
