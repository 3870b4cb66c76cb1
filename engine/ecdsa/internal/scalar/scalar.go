// Package scalar does the little arithmetic modulo the order
//
//	n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
//
// of P-256 that a verifier needs: is a number in [1, n), inverses, products, and
// a scalar as signed digits. Nothing in it is constant time.
package scalar

import (
	"encoding/binary"
	"math/bits"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/inverse"
)

// Scalar is s[0] + s[1]*2^64 + s[2]*2^128 + s[3]*2^192, below n.
type Scalar [4]uint64

// order is n.
var order = Scalar{n0, n1, n2, n3}

// The words of n.
const (
	n0 = 0xf3b9cac2fc632551
	n1 = 0xbce6faada7179e84
	n2 = 1<<64 - 1
	n3 = 0xffffffff00000000
)

// Order is n and what an inversion needs of it.
var Order = inverse.Modulus{Words: order, K: minusInverse & (1<<60 - 1)}

// minusInverse is -1/n modulo 2^64.
const minusInverse = 0xccd1c8aaee00bc4f

// square is 2^512 modulo n.
var square = Scalar{0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620}

// SetBytes sets s to the big-endian number b and reports whether it is at least 1
// and below n, as r and s of a signature have to be.
func (s *Scalar) SetBytes(b *[32]byte) bool {
	s.set(b)
	_, borrow := s.minusOrder()
	return borrow == 1 && *s != Scalar{}
}

func (s *Scalar) set(b *[32]byte) {
	for i := range s {
		s[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
}

// SetDigest sets s to the leftmost 256 bits of digest, or all of it where it is
// shorter, as a big-endian number modulo n (FIPS 186-5, Section 6.4.2, step 2).
func (s *Scalar) SetDigest(digest []byte) {
	var b [32]byte
	digest = digest[:min(len(digest), len(b))]
	copy(b[len(b)-len(digest):], digest)
	s.set(&b)
	if r, borrow := s.minusOrder(); borrow == 0 { // 2^256 is below 2n
		*s = r
	}
}

func (s *Scalar) minusOrder() (r Scalar, borrow uint64) {
	r[0], borrow = bits.Sub64(s[0], order[0], 0)
	r[1], borrow = bits.Sub64(s[1], order[1], borrow)
	r[2], borrow = bits.Sub64(s[2], order[2], borrow)
	r[3], borrow = bits.Sub64(s[3], order[3], borrow)
	return r, borrow
}

// Invert sets s to 2^256/a: an inverse that Mul takes the 2^256 from again.
func (s *Scalar) Invert(a *Scalar) {
	var w Scalar
	Order.Of((*[4]uint64)(&w), (*[4]uint64)(a))
	s.Mul(&w, &square)
}

// InvertAll replaces each of list, of at most eight, none 0, by 2^256 over it, with
// one inversion for all (Montgomery's trick).
func InvertAll(list []Scalar) {
	var products [8]Scalar // of all up to this one; each product is divided by 2^256
	for i := range list {
		if products[i] = list[i]; i > 0 {
			products[i].Mul(&products[i-1], &list[i])
		}
	}
	if len(list) == 0 {
		return
	}
	var inverse Scalar
	inverse.Invert(&products[len(list)-1])
	for i := len(list) - 1; i > 0; i-- {
		s := list[i]
		list[i].Mul(&inverse, &products[i-1])
		inverse.Mul(&inverse, &s)
	}
	list[0] = inverse
}

// Mul sets s to a * b / 2^256 (Montgomery's product).
func (s *Scalar) Mul(a, b *Scalar) {
	b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
	var t0, t1, t2, t3, t4 uint64
	for _, w := range a {
		// t + w*b, and a multiple q*n that clears the least word. t is below 2n
		// before and after.
		var c, t5 uint64
		t0, c = mulAdd(w, b0, t0, 0)
		t1, c = mulAdd(w, b1, t1, c)
		t2, c = mulAdd(w, b2, t2, c)
		t3, c = mulAdd(w, b3, t3, c)
		t4, t5 = bits.Add64(t4, c, 0)
		q := t0 * minusInverse
		_, c = mulAdd(q, n0, t0, 0)
		t0, c = mulAdd(q, n1, t1, c)
		t1, c = mulAdd(q, n2, t2, c)
		t2, c = mulAdd(q, n3, t3, c)
		t3, c = bits.Add64(t4, c, 0)
		t4 = t5 + c
	}
	r := Scalar{t0, t1, t2, t3}
	if u, borrow := r.minusOrder(); t4 >= borrow {
		r = u
	}
	*s = r
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

// PlusOrder returns s + n and reports whether it is below p, so that it is
// the x of some point whose x modulo n is s.
func (s *Scalar) PlusOrder() (w [4]uint64, ok bool) {
	// p - n is below 2^129, and s + n below 2^256 where it is below p.
	var k uint64
	w[0], k = bits.Add64(s[0], order[0], 0)
	w[1], k = bits.Add64(s[1], order[1], k)
	w[2], k = bits.Add64(s[2], order[2], k)
	if w[3], k = bits.Add64(s[3], order[3], k); k == 1 {
		return w, false
	}
	_, k = bits.Sub64(w[0], 1<<64-1, 0)
	_, k = bits.Sub64(w[1], 1<<32-1, k)
	_, k = bits.Sub64(w[2], 0, k)
	_, k = bits.Sub64(w[3], 1<<64-1<<32+1, k)
	return w, k == 1
}
