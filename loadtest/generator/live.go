package generator

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Live is what a progress line may read while threads run: counts, and response
// times in a coarse histogram of atomics (eight steps an octave, so a quantile
// is within 13 %), which costs a request two additions.
type Live struct {
	ok, errors atomic.Int64
	counts     [64 * 8]atomic.Int64
}

func (l *Live) record(d time.Duration) {
	l.ok.Add(1)
	l.counts[slot(max(d, 1))].Add(1)
}

func slot(d time.Duration) int {
	v := uint64(d) << 3 // keeps three bits below the leading one for any d
	exp := bits.Len64(v) - 1
	return (exp-3)*8 + int(v>>(exp-3)&7)
}

// upper is the end of a slot.
func upper(i int) time.Duration {
	return time.Duration(uint64(8+i%8+1) << (i / 8) >> 3)
}

// OK and Errors count answers since the start.
func (l *Live) OK() int64     { return l.ok.Load() }
func (l *Live) Errors() int64 { return l.errors.Load() }

// Quantile of the response times so far, 0 <= q <= 1.
func (l *Live) Quantile(q float64) time.Duration {
	var total int64
	for i := range l.counts {
		total += l.counts[i].Load()
	}
	want := int64(q * float64(total))
	for i := range l.counts {
		want -= l.counts[i].Load()
		if want < 0 {
			return upper(i)
		}
	}
	return 0
}
