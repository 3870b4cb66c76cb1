package field

import (
	"encoding/binary"
	"math/bits"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/inverse"
)

// Element is x*2^256 modulo p for the number x, the least word first, below p.
// The zero value is 0.
type Element [4]uint64

// The words of p. p3 is 2^64 - 2^32 + 1, and the second last word is 0.
const (
	p0 = 1<<64 - 1
	p1 = 1<<32 - 1
	p3 = 1<<64 - 1<<32 + 1
)

// One is 1: 2^256 - p.
var One = Element{1, 1<<64 - 1<<32, 1<<64 - 1, 1<<32 - 2}

// square is 2^512 modulo p: what a plain number is multiplied by.
var square = Element{3, 0xfffffffbffffffff, 0xfffffffffffffffe, 0x4fffffffd}

// prime is p; -1/p is 1 modulo 2^96.
var prime = inverse.Modulus{Words: [4]uint64{p0, p1, 0, p3}, K: 1}

// SetBytes sets e to the big-endian number b and reports whether it is below p.
// Where it is not, e is left as it was.
func (e *Element) SetBytes(b *[32]byte) bool {
	w := [4]uint64{
		binary.BigEndian.Uint64(b[24:]),
		binary.BigEndian.Uint64(b[16:]),
		binary.BigEndian.Uint64(b[8:]),
		binary.BigEndian.Uint64(b[0:]),
	}
	_, k := bits.Sub64(w[0], p0, 0)
	_, k = bits.Sub64(w[1], p1, k)
	_, k = bits.Sub64(w[2], 0, k)
	if _, k = bits.Sub64(w[3], p3, k); k == 0 {
		return false
	}
	e.SetWords(&w)
	return true
}

// SetWords sets e to the number w, which must be below p.
func (e *Element) SetWords(w *[4]uint64) *Element {
	return e.Mul((*Element)(w), &square)
}

// Words returns the number that e is, below p.
func (e *Element) Words() [4]uint64 {
	var r Element
	r.Mul(e, &Element{1})
	return r
}

// IsZero reports whether e is 0.
func (e *Element) IsZero() bool { return *e == Element{} }

// Add sets e to a + b.
func (e *Element) Add(a, b *Element) *Element {
	s0, k := bits.Add64(a[0], b[0], 0)
	s1, k := bits.Add64(a[1], b[1], k)
	s2, k := bits.Add64(a[2], b[2], k)
	s3, k := bits.Add64(a[3], b[3], k)
	e.reduce(s0, s1, s2, s3, k)
	return e
}

// Sub sets e to a - b.
func (e *Element) Sub(a, b *Element) *Element {
	d0, k := bits.Sub64(a[0], b[0], 0)
	d1, k := bits.Sub64(a[1], b[1], k)
	d2, k := bits.Sub64(a[2], b[2], k)
	d3, k := bits.Sub64(a[3], b[3], k)
	m := -k // p is added where the difference is negative
	e[0], k = bits.Add64(d0, m, 0)
	e[1], k = bits.Add64(d1, m&p1, k)
	e[2], k = bits.Add64(d2, 0, k)
	e[3], _ = bits.Add64(d3, m&p3, k)
	return e
}

// Neg sets e to -a.
func (e *Element) Neg(a *Element) *Element { return e.Sub(&Element{}, a) }

// reduce sets e to the number of five words, which is below 2p, modulo p.
func (e *Element) reduce(t0, t1, t2, t3, t4 uint64) {
	r0, k := bits.Sub64(t0, p0, 0)
	r1, k := bits.Sub64(t1, p1, k)
	r2, k := bits.Sub64(t2, 0, k)
	r3, k := bits.Sub64(t3, p3, k)
	_, k = bits.Sub64(t4, 0, k)
	m := -k // all ones where t is below p, and stays
	e[0] = r0 ^ (r0^t0)&m
	e[1] = r1 ^ (r1^t1)&m
	e[2] = r2 ^ (r2^t2)&m
	e[3] = r3 ^ (r3^t3)&m
}

// Invert sets e to 1/a, or to 0 where a is 0.
func (e *Element) Invert(a *Element) *Element {
	var w [4]uint64
	prime.Of(&w, (*[4]uint64)(a)) // 1/(x*2^256)
	return e.Mul((*Element)(&w), &cube)
}

// cube is 2^768 modulo p.
var cube = func() (c Element) {
	c.Mul(&square, &square)
	return c
}()

// SetLimbs sets e to the number of five limbs of 52 bits modulo p. The words of e
// are that number: it is in Montgomery's form before and after, or not.
func (e *Element) SetLimbs(l *[5]uint64) {
	t := Element{l[0] | l[1]<<52, l[1]>>12 | l[2]<<40, l[2]>>24 | l[3]<<28, l[3]>>36 | l[4]<<16}
	// The number is below 16*2^256 and the words above it are taken off by p.
	for top := l[4] >> 48; ; {
		d0, k := bits.Sub64(t[0], p0, 0)
		d1, k := bits.Sub64(t[1], p1, k)
		d2, k := bits.Sub64(t[2], 0, k)
		d3, k := bits.Sub64(t[3], p3, k)
		if top, k = bits.Sub64(top, 0, k); k != 0 {
			*e = t
			return
		}
		t = Element{d0, d1, d2, d3}
	}
}

// Limbs returns the words of e as five limbs of 52 bits.
func (e *Element) Limbs() [5]uint64 {
	const mask = 1<<52 - 1
	return [5]uint64{e[0] & mask, (e[0]>>52 | e[1]<<12) & mask, (e[1]>>40 | e[2]<<24) & mask, (e[2]>>28 | e[3]<<36) & mask, e[3] >> 16}
}
