//go:build amd64 && !purego

package ifma

import (
	"encoding/binary"
	"math/bits"
)

const blockSize = 128

// initial is the initial hash value of FIPS 180-4, Section 5.3.5.
var initial = [8]uint64{
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
}

// A Hasher computes SHA-512 of eight messages, each of them a head and then a
// tail of any length. It may be used again.
type Hasher struct {
	Heads [8][64]byte

	state [8][8]uint64
	edges [8]edge
}

// An edge holds the blocks of a message that are not 128 bytes of the tail: the
// first, which starts with the head, and the last one or two, with padding.
type edge struct {
	first [blockSize]byte
	last  [2 * blockSize]byte
	whole int // blocks before the last ones
	all   int
}

// Sum returns the digests as little-endian words: word i of lane j is [i][j].
// Lanes whose message is shorter wait for the longest.
func (h *Hasher) Sum(tails *[8][]byte) *[8][8]uint64 {
	longest := 0
	for j := range h.edges {
		h.edges[j].pad(&h.Heads[j], tails[j])
		longest = max(longest, h.edges[j].all)
	}
	for i := range h.state {
		for j := range h.state[i] {
			h.state[i][j] = initial[i]
		}
	}
	var blocks [8]*[blockSize]byte // not of h, which would escape with them
	for b := range longest {
		var mask uint8
		for j := range h.edges {
			e := &h.edges[j]
			switch {
			case b >= e.all:
				continue // blocks[j] is still a block that may be read
			case b >= e.whole:
				blocks[j] = (*[blockSize]byte)(e.last[(b-e.whole)*blockSize:])
			case b == 0:
				blocks[j] = &e.first
			default:
				blocks[j] = (*[blockSize]byte)(tails[j][b*blockSize-64:])
			}
			mask |= 1 << j
		}
		block(&h.state, &blocks, mask)
	}
	for i := range h.state {
		for j := range h.state[i] {
			h.state[i][j] = bits.ReverseBytes64(h.state[i][j])
		}
	}
	return &h.state
}

// pad lays out the first and the last blocks: FIPS 180-4, Section 5.1.2.
func (e *edge) pad(head *[64]byte, tail []byte) {
	size := 64 + len(tail)
	e.whole = size / blockSize
	rest := e.last[:0]
	if e.whole == 0 {
		rest = append(append(rest, head[:]...), tail...)
	} else {
		copy(e.first[:], head[:])
		copy(e.first[64:], tail)
		rest = append(rest, tail[e.whole*blockSize-64:]...)
	}
	n := len(rest)
	e.all = e.whole + 1
	end := blockSize
	if n+1+16 > blockSize {
		e.all++
		end = 2 * blockSize
	}
	clear(e.last[n:end])
	e.last[n] = 0x80
	binary.BigEndian.PutUint64(e.last[end-8:], uint64(size)<<3)
	binary.BigEndian.PutUint64(e.last[end-16:], uint64(size)>>61)
}
