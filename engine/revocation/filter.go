package revocation

import (
	"math/bits"
	"sync/atomic"
)

// filter says of most ids that are not in the set that they are not, without a
// lock and with one memory access: a Bloom filter whose bits for one hash lie in
// one 64-bit word. At 16 bits an id and 4 bits set, about one id in a hundred
// that is not there looks as if it were (measured: TestFilterRate), and the set
// itself decides. Ids only come; a filter that has grown too full is rebuilt.
type filter struct {
	words []atomic.Uint64
	shift int // of a hash, down to an index of words
}

// newFilter makes a filter for n ids.
func newFilter(n int) *filter {
	size := bits.Len(uint(max(n, 64)-1)) - 2 // a word for every four ids
	return &filter{make([]atomic.Uint64, 1<<size), 64 - size}
}

// room is the number of ids the filter was made for, at least.
func (f *filter) room() int { return 4 * len(f.words) }

// mask is the bits of a hash within its word; the index uses the other end.
func mask(hash uint64) uint64 {
	return 1<<(hash&63) | 1<<(hash>>6&63) | 1<<(hash>>12&63) | 1<<(hash>>18&63)
}

func (f *filter) add(hash uint64) { f.words[hash>>f.shift].Or(mask(hash)) }

func (f *filter) has(hash uint64) bool {
	m := mask(hash)
	return f.words[hash>>f.shift].Load()&m == m
}
