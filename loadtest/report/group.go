package report

import (
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// place is a mode at a place on the axis of a phase.
type place struct {
	mode string
	x    float64
}

// group holds a phase's cells by place and round, so that a draw of rounds means
// the same rounds everywhere.
type group struct {
	sweep record.Sweep
	cells map[place][]*record.Cell // nil where not measured
	pools map[place]*stats.Pool    // of those that count
	boot  stats.Bootstrap
}

func newGroup(meta *record.Meta, cells []*record.Cell, phase string) (*group, bool) {
	s, ok := meta.Plan.Sweep(phase)
	if !ok {
		return nil, false
	}
	g := &group{sweep: s, cells: map[place][]*record.Cell{}, pools: map[place]*stats.Pool{}, boot: stats.Bootstrap{Seed: meta.Plan.Seed}}
	any := false
	for _, c := range cells {
		if c.Phase != phase || c.Round >= s.Rounds {
			continue
		}
		p := place{c.Mode, c.X}
		if g.cells[p] == nil {
			g.cells[p] = make([]*record.Cell, s.Rounds)
		}
		g.cells[p][c.Round] = c
		any = true
	}
	for p, list := range g.cells {
		rounds := make([]*hdrhistogram.Histogram, len(list))
		for r, c := range list {
			if counts(c) && len(c.Lags) == 0 {
				rounds[r] = c.Latency()
			}
		}
		g.pools[p] = stats.NewPool(rounds)
	}
	return g, any
}

// counts says whether a cell was measured and is not void.
func counts(c *record.Cell) bool { return c != nil && len(c.Void) == 0 }

// xs are the places on the axis, ascending.
func (g *group) xs() []float64 { return slices.Sorted(slices.Values(g.sweep.X)) }

// of returns f of each round of a place, NaN where the round does not count.
func (g *group) of(p place, f func(*record.Cell) float64) []float64 {
	out := make([]float64, g.sweep.Rounds)
	for r := range out {
		out[r] = nan
		if list := g.cells[p]; list != nil && counts(list[r]) {
			out[r] = f(list[r])
		}
	}
	return out
}

// mean estimates the mean over rounds of f.
func (g *group) mean(p place, scale float64, f func(*record.Cell) float64) *Estimate {
	values := g.of(p, f)
	return estimate(g.boot.Paired(len(values), func(times []int) []float64 { return []float64{stats.Mean(values, times)} })[0], scale)
}

// estimates estimates statistics of draws of rounds.
func (g *group) estimates(scale float64, f func(times []int) []float64) []*Estimate {
	var out []*Estimate
	for _, i := range g.boot.Paired(g.sweep.Rounds, f) {
		out = append(out, estimate(i, scale))
	}
	return out
}

// quantile of a place in a draw; NaN where the place has too few requests.
func (g *group) quantile(p place, q float64, times []int) float64 {
	pool := g.pools[p]
	if pool == nil || !stats.Quotable(q, pool.Count()) {
		return nan
	}
	return pool.Quantile(q, times)
}

// both returns the draw without the rounds in which one of two places does not
// count, so that a difference is between the same rounds.
func (g *group) both(a, b place, times []int) []int {
	out := slices.Clone(times)
	for r := range out {
		if x, y := g.cells[a], g.cells[b]; x == nil || y == nil || !counts(x[r]) || !counts(y[r]) {
			out[r] = 0
		}
	}
	return out
}

// gap is the difference of a quantile between two places, a minus b.
func (g *group) gap(a, b place, q float64, times []int) float64 {
	times = g.both(a, b, times)
	return g.quantile(a, q, times) - g.quantile(b, q, times)
}

// average response time of a place in a draw.
func (g *group) average(p place, times []int) float64 {
	if g.pools[p] == nil {
		return nan
	}
	return g.pools[p].Mean(times)
}
