package scalar

import (
	"encoding/binary"
	"math/bits"
)

// Digits8 returns c with every c[i] from -128 to 127 and
//
//	s = (2c[0]+1) + (2c[1]+1)*2^8 + ... + (2c[31]+1)*2^248  modulo n,
//
// so that every digit 2c[i]+1 is odd, from -255 to 255, and none is 0: a sum of
// points that starts with one of them never has the point at infinity to treat
// apart.
//
// With b[i] = c[i] + 128, a plain byte, 2c[i]+1 is 2b[i] - 255, and the sum is
// 2b - (2^256 - 1) for the number b of the bytes. So b = (s + 2^256 - 1)/2 for an
// odd s; an even s is replaced by s - n, which is odd, and b is below 2^256 for
// either. Taking 128 off a byte is turning over its top bit.
func (s *Scalar) Digits8() (c [32]int8) {
	for i, w := range s.halved() {
		w ^= 0x8080808080808080
		for j := range 8 {
			c[8*i+j] = int8(w >> (8 * j))
		}
	}
	return c
}

// Digits4 returns c with every c[i] from -8 to 7 and
//
//	s = (2c[0]+1) + (2c[1]+1)*2^4 + ... + (2c[63]+1)*2^252  modulo n,
//
// in the same way.
func (s *Scalar) Digits4() (c [64]int8) {
	var b [32]byte
	for i, w := range s.halved() {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	for i, v := range b {
		c[2*i] = int8(v&15) - 8
		c[2*i+1] = int8(v>>4) - 8
	}
	return c
}

// halved returns the b of Digits8.
func (s *Scalar) halved() (b [4]uint64) {
	// s + 2^256-1 is s - 1 + 2^256 for an odd s, and s - n + 2^256-1 is s plus the
	// complement of n for an even one.
	even := s[0]&1 - 1 // all ones
	var k uint64
	b[0], k = bits.Add64(s[0], ^order[0]&even, 0)
	b[1], k = bits.Add64(s[1], ^order[1]&even, k)
	b[2], k = bits.Add64(s[2], ^order[2]&even, k)
	b[3], _ = bits.Add64(s[3], ^order[3]&even, k)
	b[0] = b[0]>>1 | b[1]<<63
	b[1] = b[1]>>1 | b[2]<<63
	b[2] = b[2]>>1 | b[3]<<63
	b[3] = b[3]>>1 | ^even<<63
	return b
}
