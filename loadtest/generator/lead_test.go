package generator

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The lead comes to the median of the delays, whatever their outliers, follows
// when it changes, and stays within its bounds.
func TestLead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var l lead
	f := func(median, outlier, want time.Duration) {
		t.Helper()
		for range 2000 {
			d := median + time.Duration(r.IntN(21)-10)*time.Microsecond
			if r.IntN(50) == 0 {
				d = outlier
			}
			l.learn(d)
		}
		if got := time.Duration(l); got < want-5*time.Microsecond || got > want+5*time.Microsecond {
			t.Errorf("after delays about %v: %v, want %v", median, got, want)
		}
	}
	f(60*time.Microsecond, 5*time.Millisecond, 60*time.Microsecond)
	f(20*time.Microsecond, 5*time.Millisecond, 20*time.Microsecond)
	f(-20*time.Microsecond, -20*time.Microsecond, 0)
	f(time.Millisecond, time.Millisecond, maxLead)
}
