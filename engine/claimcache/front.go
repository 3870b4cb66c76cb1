package claimcache

import (
	"math/bits"
	"sync/atomic"
)

// A place of the front holds one entry that ristretto holds too. A hit writes
// nothing here, so that processors can share it.
type place[V any] struct {
	entry atomic.Pointer[Entry[V]]
}

// newFront makes a front of about n places.
func newFront[V any](n int64) []place[V] {
	n = min(max(n, 64), 1<<16)
	return make([]place[V], 1<<bits.Len64(uint64(n-1)))
}

func (c *Cache[V]) place(hash uint64) *place[V] { return &c.front[hash&uint64(len(c.front)-1)] }

// put makes e the entry of p. If ristretto lets go of e at the same time, either
// its leave sees e here, or this sees that e is gone.
func (p *place[V]) put(e *Entry[V]) {
	p.entry.Store(e)
	if e.gone.Load() {
		p.entry.CompareAndSwap(e, nil)
	}
}
