package upstream

import (
	"context"
	"net/http"
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

// Health says how an address is asked whether it is well, beside traffic.
type Health struct {
	Path     string // "" asks nothing
	Interval time.Duration
}

// health is what is known of an address.
type health struct {
	down  atomic.Bool  // the last time it was asked, it was not well
	until atomic.Int64 // Unix milliseconds up to which it is passed over
	clean atomic.Bool  // no failure since the last success

	mu       sync.Mutex
	failures int
	times    int
}

func (h *health) ejected(now int64) bool { return h.down.Load() || h.until.Load() > now }

// Ejected reports whether a is passed over at the moment.
func (a *Addr) Ejected() bool { return a.health.ejected(a.pool.opt.Watchdog.Now()) }

// Report says how a request to a went: well, or not at all.
func (a *Addr) Report(well bool) {
	e := a.pool.opt.Eject
	h := &a.health
	if e.Failures == 0 || well && h.clean.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clean.Store(well)
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

// Probe asks every address whether it is well, in intervals, until ctx ends or
// the pool is closed. It returns at once where there is nothing to ask.
func (p *Pool) Probe(ctx context.Context) {
	if p.opt.Health.Path == "" {
		return
	}
	t := &http.Transport{TLSClientConfig: p.opt.TLS, MaxIdleConnsPerHost: 1, IdleConnTimeout: 2 * p.opt.Health.Interval}
	defer t.CloseIdleConnections()
	tick := time.NewTicker(p.opt.Health.Interval)
	defer tick.Stop()
	for !p.shut.Load() {
		var asked sync.WaitGroup
		for _, a := range p.addrs {
			asked.Go(func() { a.health.down.Store(!a.well(ctx, t)) })
		}
		asked.Wait()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// well asks a whether it is well.
func (a *Addr) well(ctx context.Context, t http.RoundTripper) bool {
	ctx, cancel := context.WithTimeout(ctx, min(a.pool.opt.Health.Interval, 5*time.Second))
	defer cancel()
	scheme := "http://"
	if a.secure {
		scheme = "https://"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+a.Host+a.pool.opt.Health.Path, nil)
	if err != nil {
		return false
	}
	res, err := t.RoundTrip(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode >= 200 && res.StatusCode < 300
}
