package report

import (
	"math"
	"testing"

	"github.com/tollgate/tollgate/loadtest/record"
)

func same(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	for i := range got {
		if math.IsNaN(got[i]) != math.IsNaN(want[i]) || math.Abs(got[i]-want[i]) > 1e-6 {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

// M/M/1 (variation 1): the wait is s·rho/(1-rho). With s = 100 µs, half load waits
// 100 µs, nine tenths 900; at capacity there is no answer.
func TestQueue(t *testing.T) {
	same(t, "M/M/1", queue([]float64{200, 0, 0, 0}, []float64{0.0001, 5000, 9000, 10_000}, 10_000, 1), nan, 300, 1100, nan)
	// M/D/1 waits half as long
	same(t, "M/D/1", queue([]float64{200, 0}, []float64{0.0001, 5000}, 10_000, 0), nan, 250)
}

func TestFarther(t *testing.T) {
	distance := func(i int) float64 { return []float64{20, 1020, 5020}[i] }
	same(t, "opaque", farther(record.ModeOpaque, []float64{300, 0, 0}, distance), nan, 1300, 5300)
	same(t, "jwt", farther(record.ModeJWT, []float64{300, 0, 0}, distance), nan, 300, 300)
}

func TestMixture(t *testing.T) {
	share := func(i int) float64 { return []float64{0, 0.5, 0.9, 1}[i] }
	same(t, "mixture", mixture([]float64{1200, 0, 0, 200}, share), nan, 700, 300, nan)
}

func TestStraight(t *testing.T) {
	same(t, "line", straight([]float64{1, 2, 4, 8}, []float64{100, 150, 0, 0}), nan, nan, 250, 450)
	same(t, "two points", straight([]float64{1, 2}, []float64{100, 150}), nan, nan)
}

func TestTicks(t *testing.T) {
	f := func(s scale, want ...string) {
		t.Helper()
		var got []string
		for _, k := range s.ticks() {
			got = append(got, k.label)
		}
		if len(got) != len(want) {
			t.Fatalf("%v, want %v", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%v, want %v", got, want)
			}
		}
	}
	f(scale{"linear", 0, 10}, "0", "2", "4", "6", "8", "10")
	f(scale{"log", 1, 2.1}, "10", "20", "50", "100")
	f(scale{"log", 2, 5}, "100", "1000", "10k", "100k")
	f(scale{"tail", 0, 3.1}, "p50", "p90", "p99", "p99.9")
}
