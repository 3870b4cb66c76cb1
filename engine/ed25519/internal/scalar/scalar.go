// Package scalar does the little arithmetic modulo the group order
//
//	L = 2^252 + 27742317777372353535851937790883648493
//
// that a verifier needs: is S below L, a SHA-512 digest modulo L, and a scalar
// as signed digits. Nothing in it is constant time.
package scalar

import (
	"encoding/binary"
	"math/bits"
)

// Scalar is s[0] + s[1]*2^64 + s[2]*2^128 + s[3]*2^192, below L.
type Scalar [4]uint64

// order is L.
var order = Scalar{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 1 << 60}

// mu is the whole part of 2^512 / L, for Barrett's reduction.
var mu = [5]uint64{0xed9ce5a30a2c131b, 0x2106215d086329a7, 0xffffffffffffffeb, 0xffffffffffffffff, 0xf}

// SetCanonical sets s to the little-endian number b and reports whether it is
// below L, which RFC 8032, Section 5.1.7 asks of S.
func (s *Scalar) SetCanonical(b *[32]byte) bool {
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return !s.reducible()
}

// reducible reports whether s >= L.
func (s *Scalar) reducible() bool {
	_, borrow := s.minusOrder()
	return borrow == 0
}

func (s *Scalar) minusOrder() (r Scalar, borrow uint64) {
	r[0], borrow = bits.Sub64(s[0], order[0], 0)
	r[1], borrow = bits.Sub64(s[1], order[1], borrow)
	r[2], borrow = bits.Sub64(s[2], order[2], borrow)
	r[3], borrow = bits.Sub64(s[3], order[3], borrow)
	return r, borrow
}

// SetWide sets s to the little-endian number b modulo L.
func (s *Scalar) SetWide(b *[64]byte) *Scalar {
	var x [8]uint64
	for i := range x {
		x[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return s.SetWords(&x)
}

// SetWords sets s to the number with the words x, least first, modulo L.
//
// Barrett (Handbook of Applied Cryptography, Algorithm 14.42, base 2^64, k = 4):
// q = floor(floor(x / 2^192) * mu / 2^320) is floor(x / L), less two at most,
// so x - q*L is below 3L < 2^254 and four words hold it.
func (s *Scalar) SetWords(x *[8]uint64) *Scalar {
	var product [10]uint64
	for i := range 5 {
		var carry uint64
		for j := range 5 {
			product[i+j], carry = mulAdd(x[3+i], mu[j], product[i+j], carry)
		}
		product[i+5] = carry
	}
	q := product[5:]

	// The low four words of q*L. L's word 2 is 0, and its word 3 only shifts.
	var t [4]uint64
	var c uint64
	t[0], c = mulAdd(q[0], order[0], 0, 0)
	t[1], c = mulAdd(q[1], order[0], 0, c)
	t[2], c = mulAdd(q[2], order[0], 0, c)
	t[3] = q[3]*order[0] + c
	t[1], c = mulAdd(q[0], order[1], t[1], 0)
	t[2], c = mulAdd(q[1], order[1], t[2], c)
	t[3] += q[2]*order[1] + c + q[0]<<60

	s[0], c = bits.Sub64(x[0], t[0], 0)
	s[1], c = bits.Sub64(x[1], t[1], c)
	s[2], c = bits.Sub64(x[2], t[2], c)
	s[3], _ = bits.Sub64(x[3], t[3], c)
	for range 2 {
		if r, borrow := s.minusOrder(); borrow == 0 {
			*s = r
		}
	}
	return s
}

// mulAdd returns a*b + c + d, which cannot overflow 128 bits, low word first.
func mulAdd(a, b, c, d uint64) (lo, hi uint64) {
	hi, lo = bits.Mul64(a, b)
	var carry uint64
	lo, carry = bits.Add64(lo, c, 0)
	hi += carry
	lo, carry = bits.Add64(lo, d, 0)
	hi += carry
	return lo, hi
}
