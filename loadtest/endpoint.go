package loadtest

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/rig"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// endpoint is one mode as it can be measured: where to send, what to send, and
// whose counters and processor time to read.
type endpoint struct {
	mode    string
	address string
	path    string
	tokens  [][]byte

	host     string         // of the Host header; the address where it is empty
	tls      *tls.Config    // nil: plain
	target   *rig.Target    // nil: a gateway of the user's, of which nothing else is known
	service  *rig.Service   // nil: none is involved
	gateways []*rig.Gateway // the one that is sent to comes first
	procs    []*rig.Process
}

func newEndpoint(mode string, target *rig.Target, service *rig.Service, tokens [][]byte, gateways ...*rig.Gateway) *endpoint {
	e := &endpoint{mode: mode, path: rig.SecurePath, tokens: tokens, target: target, service: service, gateways: gateways}
	e.procs = []*rig.Process{target.Process}
	e.address = target.Listen
	if service != nil {
		e.procs = append(e.procs, service.Process)
	}
	for _, g := range gateways {
		e.procs = append(e.procs, g.Process)
	}
	if len(gateways) > 0 {
		e.address = gateways[0].Listen
	}
	if mode == record.ModeNone {
		e.path, e.tokens = rig.PublicPath, nil
	}
	return e
}

// check makes sure that what will be loaded is what was meant.
func (l *lab) check(ctx context.Context, e *endpoint) error {
	if e.target == nil {
		return nil // it has answered one request as it should when the phase began
	}
	if err := l.rig.Check(ctx, e.target.URL()); err != nil || len(e.gateways) == 0 {
		return err
	}
	return l.rig.Check(ctx, e.gateways[0].URL())
}

// reading is what the servers had counted at one moment.
type reading struct {
	served, introspections int64
	gateways               rig.Counts // of all of them
	ticks                  rig.Ticks
}

func (e *endpoint) read(ctx context.Context) (r reading, err error) {
	if e.target == nil {
		r.ticks, err = rig.ReadTicks()
		return r, err
	}
	if r.served, err = e.target.Served(ctx); err != nil {
		return r, fmt.Errorf("reading the target's count: %w", err)
	}
	if e.service != nil {
		if r.introspections, err = e.service.Introspections(ctx); err != nil {
			return r, err
		}
	}
	for _, g := range e.gateways {
		c, err := g.Counts(ctx)
		if err != nil {
			return r, fmt.Errorf("reading a gateway's counts: %w", err)
		}
		r.gateways.Add(c)
	}
	r.ticks, err = rig.ReadTicks()
	return r, err
}

// counters are what must hold between two readings around sent requests that
// were all answered: nothing was served but them, and the security service was
// asked exactly when the mode says so.
func (e *endpoint) counters(before, after reading, sent int64) []stats.Counter {
	if e.target == nil {
		return nil
	}
	calls := after.introspections - before.introspections
	g := after.gateways.Sub(before.gateways)
	list := []stats.Counter{{Name: "requests at the target", Got: after.served - before.served, Want: sent}}
	if e.service == nil {
		return list
	}
	want := int64(0)
	switch e.mode {
	case record.ModeOpaque:
		want = sent * int64(len(e.gateways)) // each of a chain asks
	case record.ModeOpaqueCache, record.ModePhantomCache:
		// Every miss is one call, and concurrent misses of one token share one.
		want = g.Calls
		list = append(list, stats.Counter{Name: "introspection calls against misses", Got: g.Calls, Want: g.Misses, AtMost: true})
	}
	return append(list, stats.Counter{Name: "introspections at the security service", Got: calls, Want: want})
}

// hits is the share of requests that a cache answered, or -1 where there is none.
func (e *endpoint) hits(before, after reading, sent int64) float64 {
	g := after.gateways.Sub(before.gateways)
	switch e.mode {
	case record.ModeJWTCache:
		return ratio(g.ClaimsHits, g.ClaimsHits+g.ClaimsMisses)
	case record.ModeOpaqueCache, record.ModePhantomCache:
		return 1 - ratio(after.introspections-before.introspections, sent)
	}
	return -1
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
