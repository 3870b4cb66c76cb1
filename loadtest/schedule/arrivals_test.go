package schedule

import (
	"math"
	"testing"
	"time"
)

func take(a Arrivals, n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = a.Next()
	}
	return out
}

// The same seed gives the same arrivals, another seed others.
func TestSeed(t *testing.T) {
	a, b, c := take(Poisson(1000, 1), 100), take(Poisson(1000, 1), 100), take(Poisson(1000, 2), 100)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("arrival %d differs under one seed: %v and %v", i, a[i], b[i])
		}
	}
	if a[99] == c[99] {
		t.Error("two seeds gave one schedule")
	}
}

// Gaps of a Poisson process have mean 1/rate, standard deviation 1/rate and
// 1 - 1/e of them are below the mean. With n = 200,000 four standard errors are
// below 1 %.
func TestPoissonLaw(t *testing.T) {
	const n, rate = 200_000, 2000.0
	var last time.Duration
	var sum, square, below float64
	for _, at := range take(Poisson(rate, 7), n) {
		gap := (at - last).Seconds()
		if gap < 0 {
			t.Fatal("arrivals go backwards")
		}
		last = at
		sum += gap
		square += gap * gap
		if gap < 1/rate {
			below++
		}
	}
	mean := sum / n
	dev := math.Sqrt(square/n - mean*mean)
	f := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got/want-1) > 0.01 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	f("mean gap", mean, 1/rate)
	f("deviation of gaps", dev, 1/rate)
	f("share below the mean", below/n, 1-1/math.E)
}

// A rate whose gap is no whole nanosecond does not drift.
func TestConstantDoesNotDrift(t *testing.T) {
	a := Constant(3000)
	var at time.Duration
	for range 3_000_000 {
		at = a.Next()
	}
	if d := at - 1000*time.Second; d < -time.Microsecond || d > time.Microsecond {
		t.Errorf("after 3,000,000 arrivals at 3000/s the clock reads %v", at)
	}
}

// The parts of a split are the whole, each arrival once.
func TestSplit(t *testing.T) {
	whole := take(Poisson(500, 3), 30)
	for part := range 3 {
		got := take(Split(Poisson(500, 3), part, 3), 10)
		for i, at := range got {
			if want := whole[3*i+part]; at != want {
				t.Fatalf("part %d, arrival %d: %v, want %v", part, i, at, want)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	f := func(kind Kind, rate float64, want string) {
		t.Helper()
		if _, err := New(kind, rate, 1); err == nil || err.Error() != want {
			t.Errorf("New(%q, %v): %v, want %q", kind, rate, err, want)
		}
	}
	// a rate of nothing
	f(KindPoisson, 0, "schedule: rate 0 is not positive")
	// not a number
	f(KindConstant, math.NaN(), "schedule: rate NaN is not positive")
	// for ever at once
	f(KindConstant, math.Inf(1), "schedule: rate +Inf is not positive")
	// a kind nobody wrote
	f("bursty", 10, `schedule: unknown kind "bursty"`)
}
