package interleave

import (
	"testing"
	"time"
)

var sink []byte

func TestMeasure(t *testing.T) {
	counts := [2]int{}
	work := func(i, loops int) func(n int) {
		return func(n int) {
			counts[i] += n
			for range n {
				for range loops {
					sink = make([]byte, 64)
				}
			}
		}
	}
	rounds := 0
	rows := Measure([]Case{{"one", work(0, 1)}, {"ten", work(1, 10)}}, Options{
		Rounds: 7, Slice: time.Millisecond, Seed: 1,
		Progress: func(done, total int) { rounds = done },
	})
	if rounds != 7 {
		t.Errorf("progress ended at %d of 7", rounds)
	}
	for i, want := range []float64{1, 10} {
		r := rows[i]
		if len(r.Rounds) != 7 || counts[i] == 0 {
			t.Errorf("%s: %d rounds, %d operations", r.Name, len(r.Rounds), counts[i])
		}
		// The runtime may allocate a little of its own meanwhile.
		if r.Allocs < want || r.Allocs > want*1.05+0.5 {
			t.Errorf("%s: %.2f allocations an operation, want %.0f", r.Name, r.Allocs, want)
		}
		if r.Min > r.P25 || r.P25 > r.Median || r.Min <= 0 {
			t.Errorf("%s: min %v, p25 %v, median %v are out of order", r.Name, r.Min, r.P25, r.Median)
		}
	}
}
