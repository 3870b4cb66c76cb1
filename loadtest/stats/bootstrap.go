package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is an estimate with its confidence interval. An Interval of fewer
// than two rounds has no width to speak of: Low and High are infinite.
type Interval struct {
	Point, Low, High float64
}

// Excludes says whether the interval lies wholly on one side of v.
func (i Interval) Excludes(v float64) bool { return i.Low > v || i.High < v }

// Bootstrap draws rounds.
type Bootstrap struct {
	Resamples  int     // default 5000
	Confidence float64 // default 0.95
	Seed       uint64
}

func (b Bootstrap) withDefaults() Bootstrap {
	if b.Resamples == 0 {
		b.Resamples = 5000
	}
	if b.Confidence == 0 {
		b.Confidence = 0.95
	}
	return b
}

// Paired computes statistics of rounds and their intervals. f is given how often
// each round counts and returns the statistics; the first call counts each once.
// A statistic that is NaN for a draw is left out of its distribution.
func (b Bootstrap) Paired(rounds int, f func(times []int) []float64) []Interval {
	return b.Independent([]int{rounds}, func(times [][]int) []float64 { return f(times[0]) })
}

// Independent does the same for several sets of rounds that have nothing to do
// with each other, such as two runs: each is drawn from on its own.
func (b Bootstrap) Independent(rounds []int, f func(times [][]int) []float64) []Interval {
	b = b.withDefaults()
	times := make([][]int, len(rounds))
	for i, n := range rounds {
		times[i] = make([]int, n)
		for j := range times[i] {
			times[i][j] = 1
		}
	}
	points := slices.Clone(f(times))
	out := make([]Interval, len(points))
	for i, p := range points {
		out[i] = Interval{p, math.Inf(-1), math.Inf(1)}
	}
	fewest := slices.Min(rounds)
	if fewest < 2 {
		return out
	}
	rng := rand.New(rand.NewPCG(b.Seed, 0x626f6f74))
	draws := make([][]float64, len(points))
	for range b.Resamples {
		for i, n := range rounds {
			clear(times[i])
			for range n {
				times[i][rng.IntN(n)]++
			}
		}
		for i, v := range f(times) {
			if !math.IsNaN(v) {
				draws[i] = append(draws[i], v)
			}
		}
	}
	tail := expandedTail((1-b.Confidence)/2, fewest)
	for i, d := range draws {
		if len(d) < b.Resamples/2 {
			continue
		}
		slices.Sort(d)
		out[i].Low, out[i].High = percentile(d, tail), percentile(d, 1-tail)
	}
	return out
}

// expandedTail is the share to cut off on each side; see the package comment.
func expandedTail(tail float64, n int) float64 {
	t := studentQuantile(tail, n-1)
	return normalCDF(-t * math.Sqrt(float64(n)/float64(n-1)))
}

// percentile interpolates in sorted values.
func percentile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Mean is the mean of values, each counted times over, NaNs left out.
func Mean(values []float64, times []int) float64 {
	sum, n := 0.0, 0
	for i, v := range values {
		if !math.IsNaN(v) {
			sum += v * float64(times[i])
			n += times[i]
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// Median is the middle of values, NaNs left out, and NaN of none.
func Median(values []float64) float64 {
	v := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return percentile(v, 0.5)
}
