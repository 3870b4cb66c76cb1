package stats

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Against the printed tables of Student's distribution.
func TestStudentQuantile(t *testing.T) {
	f := func(tail float64, n int, want float64) {
		t.Helper()
		if got := studentQuantile(tail, n); math.Abs(got-want) > 5e-4 {
			t.Errorf("t(%v, %d) = %.4f, want %.3f", tail, n, got, want)
		}
	}
	f(0.025, 1, 12.706)
	f(0.025, 4, 2.776)
	f(0.025, 9, 2.262)
	f(0.005, 9, 3.250)
	f(0.05, 30, 1.697)
	f(0.025, 120, 1.980)
}

// Intervals of a mean of ten normal rounds cover the true value 95 times in a
// hundred (of 1000 experiments: 950, standard error 7).
func TestCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const experiments, rounds, mean = 1000, 10, 5.0
	covered, plain := 0, 0
	values := make([]float64, rounds)
	for e := range experiments {
		for i := range values {
			values[i] = mean + 3*rng.NormFloat64()
		}
		stat := func(times []int) []float64 { return []float64{Mean(values, times)} }
		if !(Bootstrap{Resamples: 1000, Seed: uint64(e)}).Paired(rounds, stat)[0].Excludes(mean) {
			covered++
		}
		if !(Bootstrap{Resamples: 1000, Seed: uint64(e), Confidence: 0.89}).Paired(rounds, stat)[0].Excludes(mean) {
			plain++
		}
	}
	if covered < 925 || covered > 975 {
		t.Errorf("the interval covers %d of 1000 times, want about 950", covered)
	}
	if plain >= covered {
		t.Errorf("confidence 0.89 covers %d times, 0.95 %d times", plain, covered)
	}
}

// What a round does to both sides cancels: a difference of 1 under a disturbance
// of 100 is found, which without the pairing it could not be.
func TestPairing(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	a, b := make([]float64, 12), make([]float64, 12)
	for i := range a {
		shared := 100 * rng.NormFloat64()
		a[i] = shared + 0.1*rng.NormFloat64()
		b[i] = shared + 1 + 0.1*rng.NormFloat64()
	}
	got := Bootstrap{}.Paired(12, func(times []int) []float64 { return []float64{Mean(b, times) - Mean(a, times)} })[0]
	if got.Low < 0.8 || got.High > 1.2 {
		t.Errorf("difference %+v, want 1", got)
	}
	apart := Bootstrap{}.Independent([]int{12, 12}, func(times [][]int) []float64 {
		return []float64{Mean(b, times[1]) - Mean(a, times[0])}
	})[0]
	if apart.Excludes(0) {
		t.Errorf("unpaired, the difference drowns, but the interval is %+v", apart)
	}
}

// One round says nothing about its spread.
func TestOneRound(t *testing.T) {
	got := Bootstrap{}.Paired(1, func([]int) []float64 { return []float64{3} })[0]
	if got.Point != 3 || !math.IsInf(got.Low, -1) || !math.IsInf(got.High, 1) {
		t.Errorf("%+v", got)
	}
}

// The same seed, the same interval; and no interval beyond the data.
func TestBootstrapIsAFunction(t *testing.T) {
	values := []float64{1, 2, 3, 4, 100}
	stat := func(times []int) []float64 { return []float64{Mean(values, times)} }
	a, b := Bootstrap{Seed: 7}.Paired(5, stat)[0], Bootstrap{Seed: 7}.Paired(5, stat)[0]
	if a != b {
		t.Errorf("%+v and %+v", a, b)
	}
	if a.Low < 1 || a.High > 100 || a.Point != 22 {
		t.Errorf("%+v", a)
	}
}

func histogram(values ...int64) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, 1e11, 3)
	for _, v := range values {
		h.RecordValue(v)
	}
	return h
}

func upTo(n int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i) + 1
	}
	return out
}

// Pooled quantiles are those of the values drawn, weights and all. Values up to
// 2047 are exact in a histogram of three digits.
func TestPoolQuantiles(t *testing.T) {
	p := NewPool([]*hdrhistogram.Histogram{histogram(upTo(1000)...), histogram(2000, 2000), nil})
	f := func(times []int, q, want float64) {
		t.Helper()
		if got := p.Quantiles([]float64{q}, times)[0]; got != want {
			t.Errorf("quantile %v of %v is %v, want %v", q, times, got, want)
		}
	}
	f([]int{1, 0, 0}, 0.5, 500)
	f([]int{1, 0, 0}, 0.99, 990)
	f([]int{3, 0, 0}, 0.99, 990)
	f([]int{0, 1, 0}, 0.01, 2000)
	// 1000 twice over and two of 2000 five times: of 2010 the last 10 are 2000
	f([]int{2, 5, 0}, 0.999, 2000)
	f([]int{2, 5, 0}, 0.99, 995)
	if got := p.Quantiles([]float64{0.5}, []int{0, 0, 4})[0]; !math.IsNaN(got) {
		t.Errorf("a quantile of nothing is %v", got)
	}
	if got := p.Mean([]int{1, 0, 0}); got != 500.5 {
		t.Errorf("mean %v", got)
	}
	if p.Count() != 1002 {
		t.Errorf("count %d", p.Count())
	}
}

func TestQuotable(t *testing.T) {
	f := func(q float64, count int64, want bool) {
		t.Helper()
		if got := Quotable(q, count); got != want {
			t.Errorf("p%v of %d requests: %v", 100*q, count, got)
		}
	}
	f(0.5, 200, true)
	f(0.5, 198, false)
	f(0.99, 10_000, true)
	f(0.99, 9_900, false)
	f(0.999, 100_000, true)
	f(0.999, 99_000, false)
}

// Every mode in every place, and after every other, equally often.
func TestOrdersAreBalanced(t *testing.T) {
	for n := 1; n <= 9; n++ {
		rounds := n
		if n%2 == 1 && n > 1 {
			rounds = 2 * n
		}
		place, after := map[[2]int]int{}, map[[2]int]int{}
		orders := Orders(n, rounds, 5)
		for _, order := range orders {
			for i, m := range order {
				place[[2]int{i, m}]++
				if i > 0 {
					after[[2]int{order[i-1], m}]++
				}
			}
		}
		if len(place) != n*n || len(after) != n*(n-1) {
			t.Errorf("%d modes: %d places, %d successions", n, len(place), len(after))
		}
		for k, c := range place {
			if c != rounds/n {
				t.Errorf("%d modes: mode %d stands %d times in place %d", n, k[1], c, k[0])
			}
		}
		for k, c := range after {
			if c != rounds/n {
				t.Errorf("%d modes: mode %d follows mode %d %d times", n, k[1], k[0], c)
			}
		}
		if n > 3 && reflect.DeepEqual(orders, Orders(n, rounds, 6)) {
			t.Errorf("%d modes: two seeds, one order", n)
		}
	}
}

func TestMaxRate(t *testing.T) {
	ms := func(n float64) time.Duration { return time.Duration(n * 1e6) }
	f := func(points []Point, want float64, wantOpen bool) {
		t.Helper()
		if got, open := MaxRate(points, ms(4)); math.Abs(got-want) > 1e-6 || open != wantOpen {
			t.Errorf("%v: %v %v, want %v %v", points, got, open, want, wantOpen)
		}
	}
	// half way between 1 and 16 ms in the logarithm
	f([]Point{{100, ms(1), false}, {200, ms(16), false}}, 150, false)
	// beyond a failed rate nothing counts
	f([]Point{{100, ms(1), false}, {200, ms(9), true}, {300, ms(1), false}}, 100, false)
	// never within
	f([]Point{{100, ms(5), false}}, 0, false)
	// always within: more was not tried
	f([]Point{{100, ms(1), false}, {200, ms(4), false}}, 200, true)
	f(nil, 0, false)
}

func TestVoid(t *testing.T) {
	good := Facts{Offered: 1000, Achieved: 995, Sent: 4000, Lateness: 5 * time.Microsecond, Median: 100 * time.Microsecond,
		Counters: []Counter{{"introspection calls", 4000, 4000, false}, {"misses", 3, 5, true}}}
	f := func(change func(*Facts), want ...string) {
		t.Helper()
		x := good
		change(&x)
		if got := Void(x); !reflect.DeepEqual(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(func(*Facts) {})
	f(func(x *Facts) { x.Achieved = 989 }, "achieved 98.9 % of the offered rate")
	f(func(x *Facts) { x.Errors = 1 }, "1 errors in 4000 requests")
	f(func(x *Facts) { x.Lateness = 11 * time.Microsecond }, "median lateness 11µs is over a tenth of the median response 100µs")
	f(func(x *Facts) { x.Counters = []Counter{{"introspection calls", 3999, 4000, false}} }, "introspection calls: 3999 counted, 4000 expected")
	f(func(x *Facts) { x.Counters = []Counter{{"misses", 6, 5, true}} }, "misses: 6 counted, 5 expected")
}

func TestVoidDifference(t *testing.T) {
	us := time.Microsecond
	f := func(effect, a, b time.Duration, want string) {
		t.Helper()
		if got := VoidDifference(effect, a, b); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(100*us, 12*us, 3*us, "")
	f(-100*us, 3*us, 12*us, "")
	f(50*us, 12*us, 3*us, "lateness differs by 9µs, over a tenth of the effect 50µs")
}

func TestMedian(t *testing.T) {
	nan := math.NaN()
	f := func(want float64, values ...float64) {
		t.Helper()
		if got := Median(values); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("median of %v is %v, want %v", values, got, want)
		}
	}
	f(2, 3, 1, 2)
	f(2.5, 4, 1, 2, 3)
	f(2, nan, 2, nan)
	f(nan)
	f(nan, nan)
}
