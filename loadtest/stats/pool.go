package stats

import (
	"math"
	"slices"
	"sort"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// MinBeyond is how many requests must lie beyond a quantile for it to be quoted.
const MinBeyond = 100

// Pool holds the requests of several rounds so that a quantile of any draw of
// rounds is a binary search.
type Pool struct {
	rounds int
	values []float64 // ascending: nanoseconds, the middles of the histograms' steps
	upTo   []int32   // by value, then by round: how many requests of the round are at or below
	sum    []float64 // by round
}

// NewPool takes one histogram a round; nil stands for a round that is void.
func NewPool(rounds []*hdrhistogram.Histogram) *Pool {
	p := &Pool{rounds: len(rounds), sum: make([]float64, len(rounds))}
	bars := make([][]hdrhistogram.Bar, len(rounds))
	for r, h := range rounds {
		if h == nil {
			continue
		}
		bars[r] = slices.DeleteFunc(h.Distribution(), func(b hdrhistogram.Bar) bool { return b.Count == 0 })
		for _, b := range bars[r] {
			p.values = append(p.values, middle(b))
			p.sum[r] += middle(b) * float64(b.Count)
		}
	}
	slices.Sort(p.values)
	p.values = slices.Compact(p.values)
	p.upTo = make([]int32, len(p.values)*p.rounds)
	for r := range bars {
		seen := int32(0)
		for i, v := range p.values {
			if b := bars[r]; len(b) > 0 && middle(b[0]) == v {
				seen += int32(b[0].Count)
				bars[r] = b[1:]
			}
			p.upTo[i*p.rounds+r] = seen
		}
	}
	return p
}

func middle(b hdrhistogram.Bar) float64 { return float64(b.From+b.To) / 2 }

// below is how many requests of a draw are at or below the i-th value.
func (p *Pool) below(i int, times []int) int64 {
	n := int64(0)
	for r, k := range times {
		n += int64(k) * int64(p.upTo[i*p.rounds+r])
	}
	return n
}

// Quantiles returns the quantiles qs of the rounds drawn; NaN where nothing was
// drawn. The rule of MinBeyond is Quotable's.
func (p *Pool) Quantiles(qs []float64, times []int) []float64 {
	out := make([]float64, len(qs))
	for i, q := range qs {
		out[i] = p.Quantile(q, times)
	}
	return out
}

// Quantile returns one.
func (p *Pool) Quantile(q float64, times []int) float64 {
	total := p.drawn(times)
	if total == 0 {
		return math.NaN()
	}
	want := max(1, q*float64(total))
	return p.values[sort.Search(len(p.values)-1, func(i int) bool { return float64(p.below(i, times)) >= want })]
}

// drawn is how many requests a draw has.
func (p *Pool) drawn(times []int) int64 {
	if len(p.values) == 0 {
		return 0
	}
	return p.below(len(p.values)-1, times)
}

// Mean returns the mean of the rounds drawn.
func (p *Pool) Mean(times []int) float64 {
	total := p.drawn(times)
	if total == 0 {
		return math.NaN()
	}
	sum := 0.0
	for r, n := range times {
		sum += p.sum[r] * float64(n)
	}
	return sum / float64(total)
}

// Count is how many requests there are.
func (p *Pool) Count() int64 {
	n := int64(0)
	if last := len(p.values) - 1; last >= 0 {
		for r := range p.rounds {
			n += int64(p.upTo[last*p.rounds+r])
		}
	}
	return n
}

// Quotable says whether enough requests lie beyond the quantile.
func Quotable(q float64, count int64) bool {
	return math.Round((1-q)*float64(count)) >= MinBeyond
}
