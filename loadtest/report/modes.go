package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/stats"
)

var nan = math.NaN()

// us turns nanoseconds into microseconds.
const us = 1e-3

// quoted are the quantiles of the table.
var quoted = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}}

// reference is the mode that differences are from.
func reference(modes []string) string {
	if slices.Contains(modes, record.ModeJWT) || len(modes) == 0 {
		return record.ModeJWT
	}
	return modes[0]
}

// modes fills the table from the comparison at one rate (or that of the user's
// gateways).
func (b *builder) modes(g *group) {
	names := g.sweep.Modes
	ref := reference(names)
	qs := make([]float64, len(quoted))
	for i, q := range quoted {
		qs[i] = q.q
	}
	n := len(qs)
	all := g.estimates(us, func(times []int) []float64 {
		var out []float64
		base := place{ref, g.sweep.X[0]}
		for _, m := range names {
			p := place{m, g.sweep.X[0]}
			for _, q := range qs {
				out = append(out, g.quantile(p, q, times), g.gap(p, base, q, times))
			}
		}
		return out
	})
	for k, name := range names {
		row := b.row(name)
		row.Quantiles, row.FromJWT = map[string]*Estimate{}, map[string]*Estimate{}
		for i, q := range quoted {
			at := (k*n + i) * 2
			row.Quantiles[q.name] = all[at]
			if name != ref {
				row.FromJWT[q.name] = all[at+1]
			}
		}
		p := place{name, g.sweep.X[0]}
		row.CPU = map[string]*Estimate{}
		for _, process := range processes(g.cells[p]) {
			row.CPU[process] = g.mean(p, us, func(c *record.Cell) float64 { return float64(c.CPUPerRequest(process)) })
		}
		row.Calls = g.mean(p, 1, func(c *record.Cell) float64 { return float64(c.Calls) / float64(c.Sent) })
		for _, q := range quoted[:3] {
			b.metric(name+" "+q.name, "µs", "lower", g.of(p, func(c *record.Cell) float64 { return us * float64(c.Latency().ValueAtQuantile(100*q.q)) }))
		}
		b.metric(name+" CPU", "µs a request", "lower", g.of(p, func(c *record.Cell) float64 {
			sum := time.Duration(0)
			for process := range c.CPU {
				if process != "generator" {
					sum += c.CPUPerRequest(process)
				}
			}
			return us * float64(sum)
		}))
	}
	b.trustModes(g, ref)
	for _, name := range names {
		if row := b.row(name); name != ref {
			row.Reading = b.reading(g, ref, row)
		}
	}
	b.budget(g)
}

// processes are the labels under which processor time was recorded.
func processes(cells []*record.Cell) []string {
	var out []string
	for _, c := range cells {
		if c == nil {
			continue
		}
		for label := range c.CPU {
			if !slices.Contains(out, label) {
				out = append(out, label)
			}
		}
	}
	slices.Sort(out)
	return out
}

// reading says in words what the difference of medians amounts to.
func (b *builder) reading(g *group, ref string, row *Mode) string {
	d := row.FromJWT["p50"]
	if d == nil || d.Low == nil {
		return "too few requests or rounds to say"
	}
	if !d.excludes(0) {
		return "no difference from " + ref + " is visible"
	}
	if noise := b.sum.Trust.NoiseFloor["p50"]; noise != nil && noise.Low != nil && row.Name != ref+record.Again {
		if floor := max(math.Abs(*noise.Low), math.Abs(*noise.High)); math.Abs(d.Value) <= floor {
			return fmt.Sprintf("within the noise floor of %s", microseconds(floor))
		}
	}
	late := func(m string) time.Duration {
		return time.Duration(stats.Median(g.of(place{m, g.sweep.X[0]}, func(c *record.Cell) float64 { return float64(c.Lateness.H.ValueAtQuantile(50)) })))
	}
	if why := stats.VoidDifference(time.Duration(d.Value*1000), late(row.Name), late(ref)); why != "" {
		return "void: " + why
	}
	if d.Value > 0 {
		return "slower than " + ref
	}
	return "faster than " + ref
}

// budget takes the median of each mode apart by subtracting modes.
func (b *builder) budget(g *group) {
	x := g.sweep.X[0]
	type part struct{ name, with, without string }
	proxy := []part{{"the service behind", record.ModeDirect, ""}, {"the gateway passing it on", record.ModeNone, record.ModeDirect}}
	parts := map[string][]part{
		record.ModeNone: proxy,
		record.ModeJWT: append(slices.Clone(proxy), part{"finding the token in the cache", record.ModeJWTCache, record.ModeNone},
			part{"verifying the signature and claims instead", record.ModeJWT, record.ModeJWTCache}),
		record.ModeJWTCache: append(slices.Clone(proxy), part{"finding the token in the cache", record.ModeJWTCache, record.ModeNone}),
		record.ModeOpaque: append(slices.Clone(proxy), part{"finding the answer in the cache", record.ModeOpaqueCache, record.ModeNone},
			part{"asking the security service instead", record.ModeOpaque, record.ModeOpaqueCache}),
		record.ModeOpaqueCache:  append(slices.Clone(proxy), part{"finding the answer in the cache", record.ModeOpaqueCache, record.ModeNone}),
		record.ModePhantomCache: append(slices.Clone(proxy), part{"finding the JWT in the cache", record.ModePhantomCache, record.ModeNone}),
	}
	for _, mode := range g.sweep.Modes {
		list := parts[mode]
		if list == nil {
			continue
		}
		all := g.estimates(us, func(times []int) []float64 {
			var out []float64
			for _, p := range list {
				if p.without == "" {
					out = append(out, g.quantile(place{p.with, x}, 0.5, times))
				} else {
					out = append(out, g.gap(place{p.with, x}, place{p.without, x}, 0.5, times))
				}
			}
			return out
		})
		row := Budget{Mode: mode}
		for i, p := range list {
			if all[i] == nil {
				row.Parts = nil
				break
			}
			row.Parts = append(row.Parts, BudgetPart{p.name, *all[i]})
		}
		if row.Parts != nil {
			b.sum.Budget = append(b.sum.Budget, row)
		}
	}
}

// trustModes says what the comparison says about itself.
func (b *builder) trustModes(g *group, ref string) {
	t := &b.sum.Trust
	t.NoiseFloor = map[string]*Estimate{}
	if slices.Contains(g.sweep.Modes, ref+record.Again) {
		for name, e := range b.row(ref + record.Again).FromJWT {
			t.NoiseFloor[name] = e
		}
	}
	late := generatorHistogram()
	for _, list := range g.cells {
		for _, c := range list {
			if counts(c) && c.Lateness != nil {
				late.Merge(c.Lateness.H)
			}
		}
	}
	t.LatenessP50 = us * float64(late.ValueAtQuantile(50))
	t.LatenessP99 = us * float64(late.ValueAtQuantile(99))
}
