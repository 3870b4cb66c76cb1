package engine

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// The clock keeps to the wall clock, over several readings of it.
func TestClock(t *testing.T) {
	const close = claims.Time(clockTrust / time.Millisecond)
	var c clock
	var readings int
	var last *time.Time
	for end := time.Now().Add(4 * clockTrust); time.Now().Before(end); {
		before := claims.At(time.Now())
		got := c.now()
		if after := claims.At(time.Now()); got < before-close || got > after+close {
			t.Fatalf("%d, between %d and %d", got, before, after)
		}
		if r := c.read.Load(); r != last {
			last = r
			readings++
		}
	}
	if readings < 2 || readings > 5 {
		t.Errorf("the wall clock was read %d times", readings)
	}
}

// A wall clock that was set meanwhile is believed at the next reading.
func TestClockSet(t *testing.T) {
	var c clock
	old := time.Now().Add(-clockTrust).Round(0) // without the monotonic clock
	c.read.Store(&old)
	before := claims.At(time.Now())
	if got := c.now(); got < before {
		t.Errorf("%d, before %d", got, before)
	}
	if c.read.Load() == &old {
		t.Error("the old reading was kept")
	}
}

func BenchmarkClock(b *testing.B) {
	var c clock
	b.Run("by=time", func(b *testing.B) {
		for b.Loop() {
			claims.At(time.Now())
		}
	})
	b.Run("by=tollgate", func(b *testing.B) {
		for b.Loop() {
			c.now()
		}
	})
}
