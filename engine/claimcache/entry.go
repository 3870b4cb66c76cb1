package claimcache

import (
	"hash/maphash"
	"sync/atomic"
)

// An Entry is a token and the value kept for it.
type Entry[V any] struct {
	token string
	gone  atomic.Bool // ristretto has let go of it
	Value V
}

// NewEntry returns the Entry of token, for its owner to fill in before Put.
func NewEntry[V any](token string) *Entry[V] { return &Entry[V]{token: token} }

func (e *Entry[V]) hash(seed maphash.Seed) uint64 {
	return maphash.String(seed, e.token[max(0, len(e.token)-tail):])
}
