package report

import (
	"time"

	"github.com/tollgate/tollgate/loadtest/generator"
	"github.com/tollgate/tollgate/loadtest/record"
)

// truth is what a synthetic run is made of. Response times of a mode are its
// base, plus what the round adds to every mode alike, plus a spread that grows
// linearly to 100 µs: quantile q lies at base + round + 100 q µs.
type truth struct {
	base     map[string]float64 // µs
	round    []float64          // µs, added to all modes
	requests int                // a cell
}

func usual() truth {
	return truth{
		base: map[string]float64{
			record.ModeDirect: 50, record.ModeNone: 100, record.ModeJWT: 130, record.ModeJWTAgain: 130, record.ModeJWTCache: 110,
			record.ModeOpaque: 330, record.ModeOpaqueCache: 112, record.ModePhantomCache: 112,
		},
		round:    []float64{0, 300, 20, -20, 150, 40, 10, -10, 60, 5},
		requests: 2000,
	}
}

// cell makes the cell of a round with so many µs on top.
func (t truth) cell(k record.Key, extra float64) *record.Cell {
	h, late := generator.NewHistogram(), generator.NewHistogram()
	base := t.base[k.Mode] + t.round[k.Round] + extra
	for i := range t.requests {
		h.RecordValue(int64(1000 * (base + 100*float64(i)/float64(t.requests))))
	}
	late.RecordValues(2000, int64(t.requests))
	return &record.Cell{
		Key: k, Window: time.Second, Offered: 2000, Achieved: 2000, Sent: int64(t.requests), OK: int64(t.requests), Hits: -1,
		CPU:      map[string]time.Duration{"gateway": time.Duration(t.requests) * 40 * time.Microsecond, "generator": time.Millisecond},
		Response: &record.Histogram{H: h}, Service: &record.Histogram{H: h}, Lateness: &record.Histogram{H: late},
	}
}

// synthetic returns a run of every phase that follows the laws exactly.
func synthetic(t truth) (record.Meta, []*record.Cell) {
	all := []string{record.ModeDirect, record.ModeNone, record.ModeJWT, record.ModeJWTCache, record.ModeOpaque, record.ModeOpaqueCache, record.ModePhantomCache, record.ModeJWTAgain}
	two := []string{record.ModeJWT, record.ModeOpaque}
	n := len(t.round)
	plan := record.Plan{Name: "full", Seed: 1, Objective: time.Millisecond, Connections: 64, Spin: 60 * time.Microsecond, Sweeps: []record.Sweep{
		{Phase: record.PhaseCapacity, Modes: two, X: []float64{0}, Rounds: n, Duration: time.Second},
		{Phase: record.PhaseModes, Modes: all, X: []float64{0}, Rounds: n, Rate: 2000, Warmup: time.Second, Duration: time.Second},
		{Phase: record.PhaseRate, Modes: two, X: []float64{0.1, 0.5, 0.9}, Rounds: n, Duration: time.Second},
		{Phase: record.PhaseDistance, Modes: two, X: []float64{0, 1, 5}, Rounds: n, Rate: 500, Duration: time.Second},
		{Phase: record.PhaseHits, Modes: []string{record.ModeOpaqueCache}, X: []float64{0, 0.5, 1}, Rounds: n, Rate: 500, Duration: time.Second},
		{Phase: record.PhaseTokens, Modes: []string{record.ModeOpaqueCache}, X: []float64{1, 1000}, Rounds: n, Rate: 500, Duration: time.Second},
		{Phase: record.PhaseChain, Modes: two, X: []float64{1, 2, 4, 8}, Rounds: n, Rate: 500, Duration: time.Second},
		{Phase: record.PhaseStall, Modes: two, X: []float64{0}, Rounds: 1, Rate: 500, Duration: time.Second},
		{Phase: record.PhaseLag, Modes: two, X: []float64{0}, Rounds: 1, Duration: time.Second},
	}}
	var cells []*record.Cell
	for _, s := range plan.Sweeps {
		for _, m := range s.Modes {
			for _, x := range s.X {
				for r := range s.Rounds {
					cells = append(cells, t.of(s, record.Key{Phase: s.Phase, Mode: m, X: x, Round: r}))
				}
			}
		}
	}
	return record.Meta{Schema: record.Schema, Plan: plan, Started: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Command: "tollgate loadtest --full", Version: "test",
		Machine: record.Machine{CPU: "a <processor> & more", Cores: 2}}, cells
}

// of makes the cell of a phase at its place.
func (t truth) of(s record.Sweep, k record.Key) *record.Cell {
	opaque := k.Mode == record.ModeOpaque
	switch k.Phase {
	case record.PhaseCapacity:
		c := t.cell(k, 0)
		c.Closed = true
		c.Achieved = 20_000 + 100*float64(k.Round)
		if opaque {
			c.Achieved /= 2
		}
		c.Offered = c.Achieved
		c.Response, c.Lateness = nil, nil
		return c
	case record.PhaseRate:
		c := t.cell(k, 0)
		c.Offered, c.Achieved = k.X*20_000, k.X*20_000
		if opaque && k.X > 0.5 {
			c.Achieved /= 2
			c.Void = []string{"achieved 50.0 % of the offered rate"}
		}
		return c
	case record.PhaseDistance:
		extra := 0.0
		if opaque {
			extra = 1000 * k.X
		}
		c := t.cell(k, extra)
		c.Distance = time.Duration(k.X * float64(time.Millisecond))
		return c
	case record.PhaseHits:
		c := t.cell(k, 1000*(1-k.X))
		c.Hits = k.X
		return c
	case record.PhaseTokens:
		c := t.cell(k, 0)
		c.Hits = 0.75
		return c
	case record.PhaseChain:
		return t.cell(k, (k.X-1)*t.base[k.Mode])
	case record.PhaseStall:
		c := t.cell(k, 0)
		c.Bucket = 100 * time.Millisecond
		c.Timeline = make([]generator.Bucket, 10)
		for i := range c.Timeline {
			c.Timeline[i].OK = 10
			if opaque && i >= 3 && i < 6 {
				c.Timeline[i] = generator.Bucket{Refused: 10}
			}
		}
		return c
	case record.PhaseLag:
		return &record.Cell{Key: k, Lags: []time.Duration{0, time.Millisecond, 5 * time.Millisecond}, Hits: -1}
	}
	return t.cell(k, 0)
}
