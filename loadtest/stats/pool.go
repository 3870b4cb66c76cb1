package stats

import (
	"cmp"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// MinBeyond is how many requests must lie beyond a quantile for it to be quoted.
const MinBeyond = 100

// Pool holds the requests of several rounds so that quantiles of any draw of
// rounds are one pass.
type Pool struct {
	rounds  int
	entries []entry // by value
	total   []int64 // by round
	sum     []float64
}

type entry struct {
	value float64 // nanoseconds, the middle of the histogram's step
	round int
	count int64
}

// NewPool takes one histogram a round; nil stands for a round that is void.
func NewPool(rounds []*hdrhistogram.Histogram) *Pool {
	p := &Pool{rounds: len(rounds), total: make([]int64, len(rounds)), sum: make([]float64, len(rounds))}
	for r, h := range rounds {
		if h == nil {
			continue
		}
		for _, bar := range h.Distribution() {
			if bar.Count > 0 {
				v := float64(bar.From+bar.To) / 2
				p.entries = append(p.entries, entry{v, r, bar.Count})
				p.total[r] += bar.Count
				p.sum[r] += v * float64(bar.Count)
			}
		}
	}
	slices.SortFunc(p.entries, func(a, b entry) int { return cmp.Compare(a.value, b.value) })
	return p
}

// Quantiles returns the quantiles qs, ascending, of the rounds drawn; NaN where
// nothing was drawn. The rule of MinBeyond is Quotable's.
func (p *Pool) Quantiles(qs []float64, times []int) []float64 {
	out := make([]float64, len(qs))
	var total int64
	for r, n := range times {
		total += int64(n) * p.total[r]
	}
	if total == 0 {
		for i := range out {
			out[i] = math.NaN()
		}
		return out
	}
	i, seen := 0, int64(0)
	for _, e := range p.entries {
		seen += e.count * int64(times[e.round])
		for i < len(qs) && float64(seen) >= qs[i]*float64(total) && seen > 0 {
			out[i] = e.value
			i++
		}
		if i == len(qs) {
			break
		}
	}
	return out
}

// Mean returns the mean of the rounds drawn.
func (p *Pool) Mean(times []int) float64 {
	sum, total := 0.0, int64(0)
	for r, n := range times {
		sum += p.sum[r] * float64(n)
		total += p.total[r] * int64(n)
	}
	if total == 0 {
		return math.NaN()
	}
	return sum / float64(total)
}

// Count is how many requests there are.
func (p *Pool) Count() int64 {
	var n int64
	for _, t := range p.total {
		n += t
	}
	return n
}

// Quotable says whether enough requests lie beyond the quantile.
func Quotable(q float64, count int64) bool {
	return math.Round((1-q)*float64(count)) >= MinBeyond
}
