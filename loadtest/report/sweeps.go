package report

import (
	"fmt"
	"math"
	"time"

	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/stats"
)

// curve is a statistic of a mode along the axis; its values are those of g.xs().
type curve struct {
	mode      string
	measured  []*Estimate
	predicted []*Estimate // nil: no law
	ratio     []*Estimate // measured over predicted
}

// curves estimates stat for every mode and place, and holds it against a law:
// law is given the draw's values of one mode along the axis and returns what
// they should be (NaN where it was fitted).
func (g *group) curves(stat func(place, []int) float64, law func(mode string, values []float64, times []int) []float64) []curve {
	xs := g.xs()
	n := len(xs)
	var out []curve
	for _, m := range g.sweep.Modes {
		all := g.estimates(1, func(times []int) []float64 {
			values := make([]float64, n, 3*n)
			for i, x := range xs {
				values[i] = stat(place{m, x}, times)
			}
			if law == nil {
				return values
			}
			predicted := law(m, values, times)
			out := append(values, predicted...)
			for i := range n {
				out = append(out, values[i]/predicted[i])
			}
			return out
		})
		c := curve{mode: m, measured: all[:n]}
		if law != nil {
			c.predicted, c.ratio = all[n:2*n], all[2*n:]
		}
		out = append(out, c)
	}
	return out
}

// along computes f at every place once and returns it by mode and place.
func (g *group) along(f func(place) float64) func(mode string, i int) float64 {
	xs := g.xs()
	known := map[string][]float64{}
	for _, m := range g.sweep.Modes {
		for _, x := range xs {
			known[m] = append(known[m], f(place{m, x}))
		}
	}
	return func(mode string, i int) float64 { return known[mode][i] }
}

// figure draws curves, measured and predicted, over x.
func figure(f Figure, curves []curve, x func(mode string, i int) float64) Figure {
	for _, c := range curves {
		s := Series{Name: c.mode, Mode: c.mode}
		for i, e := range c.measured {
			s.add(x(c.mode, i), e)
		}
		f.Series = append(f.Series, s)
		if c.predicted == nil {
			continue
		}
		p := Series{Name: c.mode + ", predicted", Mode: c.mode, Predicted: true}
		for i, e := range c.predicted {
			if e != nil {
				p.X, p.Y = append(p.X, x(c.mode, i)), append(p.Y, e.Value)
			}
		}
		f.Series = append(f.Series, p)
	}
	return f
}

// tolerated is how far a measurement may be from a law before it is told.
const tolerated = 0.1

// differences tells of each mode where measured and predicted differ most, if
// they do by more than noise.
func (b *builder) differences(what string, curves []curve, xs []float64, place string) {
	for _, c := range curves {
		worst, at := (*Estimate)(nil), 0
		for i, r := range c.ratio {
			if r.excludes(1) && (r.Value > 1+tolerated || r.Value < 1-tolerated) &&
				(worst == nil || math.Abs(math.Log(r.Value)) > math.Abs(math.Log(worst.Value))) {
				worst, at = r, i
			}
		}
		if worst != nil {
			b.sum.Findings = append(b.sum.Findings, fmt.Sprintf("Where the measurement departs from the prediction: %s of %s at "+place+" is %s times what is predicted.",
				what, c.mode, xs[at], factor(worst)))
		}
	}
}

// rate draws throughput against latency, finds the highest rate at the
// objective, and holds the mean against a queue.
func (b *builder) rate(g *group) {
	capacity := map[string]float64{}
	if c, ok := newGroup(b.meta, b.cells, record.PhaseCapacity); ok {
		for _, m := range g.sweep.Modes {
			capacity[m] = stats.Median(c.of(place{m, c.sweep.X[0]}, func(c *record.Cell) float64 { return c.Achieved }))
		}
	}
	offered := func(mode string, x float64) float64 {
		for _, c := range g.cells[place{mode, x}] {
			if c != nil {
				return c.Offered
			}
		}
		return nan
	}
	xs := g.xs()
	for _, m := range g.sweep.Modes {
		var rates []float64
		for _, x := range xs {
			rates = append(rates, stats.Mean(g.all(place{m, x}, func(c *record.Cell) float64 { return c.Offered }), ones(g.sweep.Rounds)))
		}
		open := false
		first := true
		best := g.estimates(1, func(times []int) []float64 {
			points := make([]stats.Point, 0, len(xs))
			for i, x := range xs {
				p := place{m, x}
				points = append(points, stats.Point{Rate: rates[i], Latency: time.Duration(g.quantile(p, 0.99, times)), Failed: g.failed(p, times)})
			}
			rate, beyond := stats.MaxRate(points, b.meta.Plan.Objective)
			if first {
				open, first = beyond, false
			}
			return []float64{rate}
		})[0]
		row := b.row(m)
		row.MaxRate, row.MaxOpen = best, open
	}
	x := func(mode string, i int) float64 { return offered(mode, xs[i]) }
	p99 := g.curves(func(p place, times []int) float64 { return us * g.quantile(p, 0.99, times) }, nil)
	b.sum.Figures = append(b.sum.Figures, figure(Figure{
		ID: "rate", Title: "Throughput and latency", X: Axis{"requests a second, offered", "linear"}, Y: Axis{"p99, µs", "log"},
		Caption: fmt.Sprintf("The 99th percentile of response times as the offered rate rises, each line up to the last rate that the mode kept up with. The objective is %s. Bands are 95 %% intervals.", microseconds(us*float64(b.meta.Plan.Objective))),
	}, p99, x))
	reached, variation := map[string][]float64{}, map[string]float64{}
	for _, m := range g.sweep.Modes {
		reached[m], variation[m] = ratesOf(xs, m, offered), g.variation(m, xs[0])
	}
	mean := g.curves(func(p place, times []int) float64 { return us * g.average(p, times) }, func(mode string, values []float64, _ []int) []float64 {
		return queue(values, reached[mode], capacity[mode], variation[mode])
	})
	b.sum.Figures = append(b.sum.Figures, figure(Figure{
		ID: "queue", Title: "Mean response against a queue", X: Axis{"requests a second, offered", "linear"}, Y: Axis{"mean, µs", "log"},
		Caption: "Dashed: the mean response of an M/G/1 queue (Pollaczek and Khinchine) whose server does what the closed loop achieved, with the variation of service measured at the lowest rate, fitted to the lowest rate. The machine is no single server, so this is a yardstick and no theory of it.",
	}, mean, x))
	b.differences("the mean response", mean, xs, "%g of the highest capacity")
}

func ratesOf(xs []float64, mode string, offered func(string, float64) float64) []float64 {
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = offered(mode, x)
	}
	return out
}

func ones(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// all is of without leaving out void rounds.
func (g *group) all(p place, f func(*record.Cell) float64) []float64 {
	out := make([]float64, g.sweep.Rounds)
	for r := range out {
		out[r] = nan
		if list := g.cells[p]; list != nil && list[r] != nil {
			out[r] = f(list[r])
		}
	}
	return out
}

// failed says whether half the rounds drawn are void.
func (g *group) failed(p place, times []int) bool {
	bad, all := 0, 0
	for r, n := range times {
		all += n
		if list := g.cells[p]; list == nil || !counts(list[r]) {
			bad += n
		}
	}
	return 2*bad >= all
}

// variation is the squared coefficient of variation of service times at a place.
func (g *group) variation(mode string, x float64) float64 {
	h := generatorHistogram()
	for _, c := range g.cells[place{mode, x}] {
		if counts(c) {
			h.Merge(c.Service.H)
		}
	}
	if h.Mean() == 0 {
		return 1
	}
	return h.StdDev() * h.StdDev() / (h.Mean() * h.Mean())
}

// distance holds the median against the distance added.
func (b *builder) distance(g *group) {
	xs := g.xs()
	real := g.along(func(p place) float64 {
		return stats.Median(g.all(p, func(c *record.Cell) float64 { return us * float64(c.Distance) }))
	})
	curves := g.curves(func(p place, times []int) float64 { return us * g.quantile(p, 0.5, times) }, func(mode string, values []float64, _ []int) []float64 {
		return farther(mode, values, func(i int) float64 { return real(mode, i) })
	})
	b.sum.Figures = append(b.sum.Figures, figure(Figure{
		ID: "distance", Title: "Distance to the security service", X: Axis{"round trip to the security service, ms, measured", "linear"}, Y: Axis{"p50, µs", "linear"},
		Caption: "Dashed: what the median without distance predicts when every request of that mode waits for one round trip (opaque) or none (the others).",
	}, curves, func(mode string, i int) float64 { return real(mode, i) / 1000 }))
	b.differences("the median", curves, xs, "a distance set to %g ms")
}

// hits holds the mean against the share of hits.
func (b *builder) hits(g *group) {
	xs := g.xs()
	share := g.along(func(p place) float64 { return stats.Median(g.of(p, func(c *record.Cell) float64 { return c.Hits })) })
	curves := g.curves(func(p place, times []int) float64 { return us * g.average(p, times) }, func(mode string, values []float64, _ []int) []float64 {
		return mixture(values, func(i int) float64 { return share(mode, i) })
	})
	b.sum.Figures = append(b.sum.Figures, figure(Figure{
		ID: "hits", Title: "Cache hits", X: Axis{"share of requests answered from the cache, measured", "linear"}, Y: Axis{"mean, µs", "linear"},
		Caption: "The security service is a millisecond away. Dashed: the mixture of the two ends, h times a hit and 1 - h times a miss.",
	}, curves, share))
	b.differences("the mean", curves, xs, "a share of %g")
}

// tokens draws the number of different tokens.
func (b *builder) tokens(g *group) {
	xs := g.xs()
	curves := g.curves(func(p place, times []int) float64 { return us * g.quantile(p, 0.5, times) }, nil)
	b.sum.Figures = append(b.sum.Figures, figure(Figure{
		ID: "tokens", Title: "Number of tokens", X: Axis{"different tokens in use", "log"}, Y: Axis{"p50, µs", "log"},
		Caption: "Tokens are used in random order, caches start cold, and their memory is the default.",
	}, curves, func(_ string, i int) float64 { return xs[i] }))
	for _, m := range g.sweep.Modes {
		x := xs[len(xs)-1]
		if h := stats.Median(g.of(place{m, x}, func(c *record.Cell) float64 { return c.Hits })); h >= 0 {
			b.sum.Findings = append(b.sum.Findings, fmt.Sprintf("With %s different tokens in use, %s answers %.1f %% of requests from its cache.", count(x), m, 100*h))
		}
	}
}

// chain holds the median of a row of services against a straight line.
func (b *builder) chain(g *group) {
	xs := g.xs()
	curves := g.curves(func(p place, times []int) float64 { return us * g.quantile(p, 0.5, times) }, func(_ string, values []float64, _ []int) []float64 {
		return straight(xs, values)
	})
	b.sum.Figures = append(b.sum.Figures, figure(Figure{
		ID: "chain", Title: "Services in a row, each validating the token", X: Axis{"services in a row", "linear"}, Y: Axis{"p50, µs", "linear"},
		Caption: "Every service is a gateway that validates the token it receives and passes it on. Dashed: the straight line through one and two services.",
	}, curves, func(_ string, i int) float64 { return xs[i] }))
	b.differences("the median", curves, xs, "%g services in a row")
	last := xs[len(xs)-1]
	d := g.estimates(us, func(times []int) []float64 {
		return []float64{g.gap(place{record.ModeOpaque, last}, place{record.ModeJWT, last}, 0.5, times)}
	})[0]
	if d != nil {
		b.sum.Findings = append(b.sum.Findings, fmt.Sprintf("Through %g services in a row that each validate the token, an opaque token's median is %s from a JWT's.", last, difference(d)))
	}
}

// stall draws who is answered while the security service is not.
func (b *builder) stall(g *group) {
	f := Figure{
		ID: "stall", Title: "When the security service stops answering", X: Axis{"seconds", "linear"}, Y: Axis{"% answered 200", "linear"},
		Caption: "From second 3 to 6 the security service accepts connections and says nothing. Requests by the tenth of a second in which they were due.",
	}
	for _, m := range g.sweep.Modes {
		var ok, all []float64
		var width time.Duration
		for _, c := range g.cells[place{m, g.sweep.X[0]}] {
			if c == nil {
				continue
			}
			width = c.Bucket
			for i, bucket := range c.Timeline {
				if i == len(ok) {
					ok, all = append(ok, 0), append(all, 0)
				}
				ok[i] += float64(bucket.OK)
				all[i] += float64(bucket.OK + bucket.Refused + bucket.Failed)
			}
		}
		s := Series{Name: m, Mode: m}
		lost, sent := 0.0, 0.0
		for i := range ok {
			lost += all[i] - ok[i]
			sent += all[i]
			if all[i] > 0 {
				s.X, s.Y = append(s.X, float64(i)*width.Seconds()), append(s.Y, 100*ok[i]/all[i])
			}
		}
		if sent > 0 {
			f.Series = append(f.Series, s)
			b.sum.Findings = append(b.sum.Findings, fmt.Sprintf("While the security service stalls for 3 s of 10, %s refuses or loses %.1f %% of its requests.", m, 100*lost/sent))
		}
	}
	b.sum.Figures = append(b.sum.Figures, f)
}

// tail draws the quantiles of the comparison against how rare they are.
func (b *builder) tail(g *group) {
	qs := []float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995}
	f := Figure{
		ID: "tail", Title: "Response times", X: Axis{"quantile", "tail"}, Y: Axis{"response, µs", "log"},
		Caption: "Quantiles of the response times, bands are 95 % intervals over rounds. A line ends where fewer than 100 requests lie beyond.",
	}
	for _, m := range g.sweep.Modes {
		p := place{m, g.sweep.X[0]}
		s := Series{Name: m, Mode: m}
		all := g.estimates(us, func(times []int) []float64 {
			out := make([]float64, len(qs))
			if g.pools[p] == nil {
				return out
			}
			return g.pools[p].Quantiles(qs, times)
		})
		for i, q := range qs {
			if g.pools[p] != nil && stats.Quotable(q, g.pools[p].Count()) {
				s.add(1/(1-q), all[i])
			}
		}
		f.Series = append(f.Series, s)
	}
	b.sum.Figures = append([]Figure{f}, b.sum.Figures...)
}
