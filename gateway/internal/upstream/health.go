package upstream

import (
	"sync"
	"sync/atomic"
	"time"
)

// Ejection says when an address is passed over: outlier detection on the
// traffic itself.
type Ejection struct {
	Failures int           // in a row; 0 never ejects
	For      time.Duration // the first time; twice as long each further time, up to 16 times
}

// health is what is known of an address.
type health struct {
	until atomic.Int64 // Unix milliseconds up to which it is passed over

	mu       sync.Mutex
	failures int
	times    int
}

func (h *health) ejected(now int64) bool { return h.until.Load() > now }

// Ejected reports whether a is passed over at the moment.
func (a *Addr) Ejected() bool { return a.health.ejected(a.pool.opt.Watchdog.Now()) }

// Report says how a request to a went: well, or not at all.
func (a *Addr) Report(well bool) {
	e := a.pool.opt.Eject
	if e.Failures == 0 {
		return
	}
	h := &a.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if well {
		h.failures, h.times = 0, 0
		return
	}
	if h.failures++; h.failures < e.Failures {
		return
	}
	h.failures = 0
	h.until.Store(a.pool.opt.Watchdog.Now() + (e.For << min(h.times, 4)).Milliseconds())
	h.times++
}

// Health says how an address is asked whether it is well, beside traffic.
type Health struct {
	Path     string // "" asks nothing
	Interval time.Duration
}
