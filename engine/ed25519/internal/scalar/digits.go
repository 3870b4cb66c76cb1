package scalar

import (
	"encoding/binary"
	"math/bits"
)

// Digits8 returns d with s = d[0] + d[1]*2^8 + ... + d[31]*2^248 and every
// digit from -128 to 127.
//
// Adding 128 to every digit makes it a plain byte of s + 0x8080...80, which is
// below 2^256 because s < 2^253.
func (s *Scalar) Digits8() (d [32]int8) {
	const each = 0x8080808080808080
	for i, w := range s.plus(each) {
		// Taking 128 off again is turning over the top bit.
		w ^= each
		for j := range 8 {
			d[8*i+j] = int8(w >> (8 * j))
		}
	}
	return d
}

// Digits4 returns d with s = d[0] + d[1]*2^4 + ... + d[63]*2^252 and every
// digit from -8 to 7, in the same way.
func (s *Scalar) Digits4() (d [64]int8) {
	var b [32]byte
	for i, w := range s.plus(0x8888888888888888) {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	for i, v := range b {
		d[2*i] = int8(v&15) - 8
		d[2*i+1] = int8(v>>4) - 8
	}
	return d
}

// plus returns s with c added to each word, carries included.
func (s *Scalar) plus(c uint64) (r Scalar) {
	var carry uint64
	for i := range r {
		r[i], carry = bits.Add64(s[i], c, carry)
	}
	return r
}
