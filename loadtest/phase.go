package loadtest

import (
	"context"
	"fmt"

	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/rig"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// phase is how one phase of a plan is measured.
type phase struct {
	// ready starts what the phase needs and returns its endpoints by mode.
	ready func(context.Context, record.Sweep) (map[string]*endpoint, error)
	// cell measures one cell.
	cell func(context.Context, record.Sweep, record.Key, *endpoint) (*record.Cell, error)
	// alone says that what it starts is stopped after it.
	alone bool
}

func (l *lab) phases() map[string]phase {
	shared := func(ctx context.Context, s record.Sweep) (map[string]*endpoint, error) {
		return l.endpoints(ctx, s.Modes)
	}
	return map[string]phase{
		record.PhaseCapacity: {ready: shared, cell: l.capacity},
		record.PhaseModes:    {ready: shared, cell: l.fixedRate},
		record.PhaseRate:     {ready: shared, cell: l.shareOfCapacity},
		record.PhaseDistance: {ready: l.distant, cell: l.distance, alone: true},
		record.PhaseHits:     {ready: l.distant, cell: l.hits, alone: true},
		record.PhaseTokens:   {ready: l.many, cell: l.tokenCount, alone: true},
		record.PhaseChain:    {ready: l.chained, cell: l.chain, alone: true},
		record.PhaseStall:    {ready: l.distant, cell: l.stall, alone: true},
		record.PhaseLag:      {ready: shared, cell: l.lag},
		record.PhaseTarget:   {ready: l.foreign, cell: l.fixedRate},
	}
}

// keys returns the cells of a sweep in the order in which they are measured:
// round by round, place by place, the modes in balanced random order.
func keys(s record.Sweep, seed uint64) []record.Key {
	var out []record.Key
	orders := stats.Orders(len(s.Modes), s.Rounds*len(s.X), seed)
	for round := range s.Rounds {
		for place, i := range stats.Orders(len(s.X), s.Rounds, seed+1)[round] {
			for _, m := range orders[round*len(s.X)+place] {
				out = append(out, record.Key{Phase: s.Phase, Mode: s.Modes[m], X: s.X[i], Round: round})
			}
		}
	}
	return out
}

// sweep measures what is missing of a phase.
func (l *lab) sweep(ctx context.Context, s record.Sweep) error {
	var missing []record.Key
	for _, k := range keys(s, l.plan.Seed) {
		if !l.done[k] {
			missing = append(missing, k)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	ph, ok := l.phases()[s.Phase]
	if !ok {
		return fmt.Errorf("the plan has an unknown phase %q", s.Phase)
	}
	before := l.rig.Mark()
	endpoints, err := ph.ready(ctx, s)
	if err != nil {
		return fmt.Errorf("preparing %s: %w", s.Phase, err)
	}
	for _, k := range missing {
		e := endpoints[k.Mode]
		if e == nil {
			return fmt.Errorf("the plan has an unknown mode %q in %s", k.Mode, s.Phase)
		}
		c, err := ph.cell(ctx, s, k, e)
		if err != nil {
			return fmt.Errorf("measuring %s: %w", k, err)
		}
		if err := l.journal.Append(c); err != nil {
			return err
		}
		l.cells = append(l.cells, c)
	}
	if !ph.alone {
		return nil
	}
	return l.rig.StopSince(before)
}

func (l *lab) capacity(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	return l.measure(ctx, k, e, load{warmup: s.Warmup, duration: s.Duration})
}

func (l *lab) fixedRate(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	return l.measure(ctx, k, e, load{rate: s.Rate, warmup: s.Warmup, duration: s.Duration})
}

// shareOfCapacity offers a share of the highest capacity of any mode, the same
// rate to all.
func (l *lab) shareOfCapacity(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	most := 0.0
	for mode, rate := range Capacities(l.cells) {
		if mode != record.ModeDirect {
			most = max(most, rate)
		}
	}
	if most == 0 {
		return nil, fmt.Errorf("no capacity has been measured, of which x is a share")
	}
	return l.measure(ctx, k, e, load{rate: k.X * most, warmup: s.Warmup, duration: s.Duration})
}

// Capacities is the median rate of each mode in the closed loop.
func Capacities(cells []*record.Cell) map[string]float64 {
	rates := map[string][]float64{}
	for _, c := range cells {
		if c.Phase == record.PhaseCapacity && len(c.Void) == 0 {
			rates[c.Mode] = append(rates[c.Mode], c.Achieved)
		}
	}
	out := map[string]float64{}
	for mode, r := range rates {
		out[mode] = stats.Median(r)
	}
	return out
}

// many are the modes with gateways of their own, since the sweep leaves strangers
// in their caches.
func (l *lab) many(ctx context.Context, s record.Sweep) (map[string]*endpoint, error) {
	if err := l.need(ctx); err != nil {
		return nil, err
	}
	most := 0
	for _, x := range s.X {
		most = max(most, int(x))
	}
	out := map[string]*endpoint{}
	for _, mode := range s.Modes {
		tokens, err := l.tokensOf(ctx, formatOf(mode), most)
		if err != nil {
			return nil, err
		}
		o := l.gatewayOptions(mode)
		g, err := l.rig.Gateway(ctx, o)
		if err != nil {
			return nil, err
		}
		out[mode] = newEndpoint(mode, l.target, o.Service, tokens, g)
	}
	return out, nil
}

// tokenCount uses the first x tokens, in random order.
func (l *lab) tokenCount(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	few := *e
	few.tokens = e.tokens[:int(k.X)]
	return l.measure(ctx, k, &few, load{rate: s.Rate, warmup: s.Warmup, duration: s.Duration})
}

// chained starts gateways in rows: each validates the token it receives and asks
// the next one, the last the target.
func (l *lab) chained(ctx context.Context, s record.Sweep) (map[string]*endpoint, error) {
	if err := l.need(ctx); err != nil {
		return nil, err
	}
	most := 0
	for _, x := range s.X {
		most = max(most, int(x))
	}
	rows := map[string]*endpoint{} // by the mode whose gateways they are
	out := map[string]*endpoint{}
	for _, mode := range s.Modes {
		row := mode
		if mode == record.ModeNone {
			row = record.ModeJWT
		}
		e := rows[row]
		if e == nil {
			o := l.gatewayOptions(row)
			tokens, err := l.tokensOf(ctx, formatOf(row), tokenSet)
			if err != nil {
				return nil, err
			}
			l.progress.say(fmt.Sprintf("starting %d gateways in a row for %s", most, row))
			var gateways []*rig.Gateway
			for range most {
				g, err := l.rig.Gateway(ctx, o)
				if err != nil {
					return nil, err
				}
				gateways = append([]*rig.Gateway{g}, gateways...)
				o.Upstream = g.URL()
			}
			e = newEndpoint(row, l.target, o.Service, tokens, gateways...)
			rows[row] = e
		}
		out[mode] = newEndpoint(mode, l.target, e.service, e.tokens, e.gateways...)
	}
	return out, nil
}

// chain enters the row so that x gateways are passed.
func (l *lab) chain(ctx context.Context, s record.Sweep, k record.Key, e *endpoint) (*record.Cell, error) {
	gateways := e.gateways[len(e.gateways)-int(k.X):]
	part := newEndpoint(e.mode, e.target, e.service, e.tokens, gateways...)
	return l.measure(ctx, k, part, load{rate: s.Rate, warmup: s.Warmup, duration: s.Duration})
}
