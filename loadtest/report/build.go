package report

import (
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/stats"
)

type builder struct {
	meta  *record.Meta
	cells []*record.Cell
	sum   *Summary
}

func generatorHistogram() *hdrhistogram.Histogram { return generator.NewHistogram() }

// Build makes the summary of a run out of what has been measured of it so far.
func Build(meta record.Meta, cells []*record.Cell) *Summary {
	b := &builder{meta: &meta, cells: cells, sum: &Summary{
		Schema: SummarySchema, Meta: meta, Findings: []string{}, Modes: []Mode{}, Figures: []Figure{}, Void: []Void{}, Metrics: []Metric{},
	}}
	b.overall()
	for _, phase := range []struct {
		name  string
		build func(*group)
	}{
		{record.PhaseTarget, b.modes}, {record.PhaseModes, b.modes},
		{record.PhaseCapacity, b.capacity}, {record.PhaseRate, b.rate},
		{record.PhaseDistance, b.distance}, {record.PhaseHits, b.hits}, {record.PhaseTokens, b.tokens},
		{record.PhaseChain, b.chain}, {record.PhaseStall, b.stall}, {record.PhaseLag, b.lag},
	} {
		if g, ok := newGroup(&meta, cells, phase.name); ok {
			phase.build(g)
		}
	}
	for _, phase := range []string{record.PhaseTarget, record.PhaseModes} {
		if g, ok := newGroup(&meta, cells, phase); ok {
			b.tail(g)
		}
	}
	b.sum.Figures = slices.DeleteFunc(b.sum.Figures, func(f Figure) bool { return !f.drawable() })
	b.sum.Answer = b.answer()
	return b.sum
}

// row returns the row of a mode, adding it if need be.
func (b *builder) row(name string) *Mode {
	for i := range b.sum.Modes {
		if b.sum.Modes[i].Name == name {
			return &b.sum.Modes[i]
		}
	}
	b.sum.Modes = append(b.sum.Modes, Mode{Name: name})
	return &b.sum.Modes[len(b.sum.Modes)-1]
}

// metric keeps the rounds that count, if there are any.
func (b *builder) metric(name, unit, better string, rounds []float64) {
	rounds = slices.DeleteFunc(slices.Clone(rounds), math.IsNaN)
	if len(rounds) > 0 {
		b.sum.Metrics = append(b.sum.Metrics, Metric{name, unit, better, rounds})
	}
}

// overall counts cells and lists the void ones.
func (b *builder) overall() {
	t := &b.sum.Trust
	t.LeastReached = 1
	t.Measured = map[string]int{}
	for _, s := range b.meta.Plan.Sweeps {
		t.Planned += len(s.Modes) * len(s.X) * s.Rounds
	}
	for _, c := range b.cells {
		t.Cells++
		t.Measured[c.Phase]++
		t.Requests += c.Sent
		t.StealMean += c.Steal
		t.StealMax = max(t.StealMax, c.Steal)
		if len(c.Void) > 0 {
			b.sum.Void = append(b.sum.Void, Void{c.Key, c.Void})
		} else if c.Offered > 0 {
			t.LeastReached = min(t.LeastReached, c.Achieved/c.Offered)
		}
	}
	if t.Cells > 0 {
		t.StealMean /= float64(t.Cells)
	}
}

// capacity fills in the closed loop's rates.
func (b *builder) capacity(g *group) {
	for _, m := range g.sweep.Modes {
		p := place{m, g.sweep.X[0]}
		achieved := func(c *record.Cell) float64 { return c.Achieved }
		row := b.row(m)
		row.Capacity = g.mean(p, 1, achieved)
		b.metric(m+" capacity", "a second", "higher", g.of(p, achieved))
		if row.CPU != nil {
			continue // the comparison has told it, under an even load
		}
		row.CPU = map[string]*Estimate{}
		for _, process := range processes(g.cells[p]) {
			row.CPU[process] = g.mean(p, us, func(c *record.Cell) float64 { return float64(c.CPUPerRequest(process)) })
		}
		row.Calls = g.mean(p, 1, func(c *record.Cell) float64 { return float64(c.Calls) / float64(c.Sent) })
	}
}

// capacityRatio is the closed-loop rate of a mode over another's.
func capacityRatio(g *group, mode, over string) *Estimate {
	a := g.of(place{mode, g.sweep.X[0]}, func(c *record.Cell) float64 { return c.Achieved })
	o := g.of(place{over, g.sweep.X[0]}, func(c *record.Cell) float64 { return c.Achieved })
	return g.estimates(1, func(times []int) []float64 { return []float64{stats.Mean(a, times) / stats.Mean(o, times)} })[0]
}

// lag fills in how long revoked tokens went on working.
func (b *builder) lag(g *group) {
	for _, m := range g.sweep.Modes {
		var all []float64
		for _, c := range g.cells[place{m, g.sweep.X[0]}] {
			if c != nil {
				for _, l := range c.Lags {
					all = append(all, us*float64(l))
				}
			}
		}
		if len(all) == 0 {
			continue
		}
		row := b.row(m)
		median, most := stats.Median(all), slices.Max(all)
		row.LagMedian, row.LagMax, row.LagSamples = &median, &most, len(all)
	}
}
