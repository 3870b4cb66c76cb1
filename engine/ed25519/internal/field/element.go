package field

import (
	"encoding/binary"
	"math/bits"
)

// Element is l[0] + l[1]*2^51 + l[2]*2^102 + l[3]*2^153 + l[4]*2^204 modulo p,
// and need not be reduced. The zero value is 0.
type Element [5]uint64

const mask51 = 1<<51 - 1

// One is 1.
var One = Element{1}

// SetBytes sets e to the little-endian number b without its top bit, as RFC
// 8032, Section 5.1.3 wants: the top bit is the sign of x. Numbers from p to
// 2^255-1 are accepted and stand for themselves modulo p.
func (e *Element) SetBytes(b *[32]byte) *Element {
	return e.SetWords(&[4]uint64{
		binary.LittleEndian.Uint64(b[0:]),
		binary.LittleEndian.Uint64(b[8:]),
		binary.LittleEndian.Uint64(b[16:]),
		binary.LittleEndian.Uint64(b[24:]),
	})
}

// SetWords sets e to w[0] + w[1]*2^64 + w[2]*2^128 + w[3]*2^192, whose top bit
// is ignored.
func (e *Element) SetWords(w *[4]uint64) *Element {
	e[0] = w[0] & mask51
	e[1] = (w[0]>>51 | w[1]<<13) & mask51
	e[2] = (w[1]>>38 | w[2]<<26) & mask51
	e[3] = (w[2]>>25 | w[3]<<39) & mask51
	e[4] = (w[3] >> 12) & mask51
	return e
}

// Words returns the canonical value of e, in [0, p), as four 64-bit words.
func (e *Element) Words() [4]uint64 {
	var t Element
	t.Carry(e)
	// t < 2^255 + 2^222 < 2p, so the quotient by p is 0 or 1, and it is the
	// carry out of bit 255 of t + 19.
	q := (t[0] + 19) >> 51
	q = (t[1] + q) >> 51
	q = (t[2] + q) >> 51
	q = (t[3] + q) >> 51
	q = (t[4] + q) >> 51

	// t - q*p = t + 19*q - q*2^255.
	t[0] += 19 * q
	t[1] += t[0] >> 51
	t[2] += t[1] >> 51
	t[3] += t[2] >> 51
	t[4] += t[3] >> 51
	for i := range t {
		t[i] &= mask51
	}
	return [4]uint64{
		t[0] | t[1]<<51,
		t[1]>>13 | t[2]<<38,
		t[2]>>26 | t[3]<<25,
		t[3]>>39 | t[4]<<12,
	}
}

// Bytes returns the canonical value of e as 32 little-endian bytes.
func (e *Element) Bytes() (b [32]byte) {
	for i, w := range e.Words() {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	return b
}

// Equal reports whether e and a are the same number modulo p.
func (e *Element) Equal(a *Element) bool { return e.Words() == a.Words() }

// IsNegative reports whether e is odd, the sign of RFC 8032, Section 5.1.
func (e *Element) IsNegative() bool { return e.Words()[0]&1 == 1 }

// IsZero reports whether e is 0 modulo p.
func (e *Element) IsZero() bool { return e.Words() == [4]uint64{} }

// Carry sets e to the tight form of a.
func (e *Element) Carry(a *Element) *Element {
	c0, c1, c2, c3, c4 := a[0]>>51, a[1]>>51, a[2]>>51, a[3]>>51, a[4]>>51
	e[0] = a[0]&mask51 + 19*c4
	e[1] = a[1]&mask51 + c0
	e[2] = a[2]&mask51 + c1
	e[3] = a[3]&mask51 + c2
	e[4] = a[4]&mask51 + c3
	return e
}

// Add sets e to a + b, with no carry.
func (e *Element) Add(a, b *Element) *Element {
	e[0] = a[0] + b[0]
	e[1] = a[1] + b[1]
	e[2] = a[2] + b[2]
	e[3] = a[3] + b[3]
	e[4] = a[4] + b[4]
	return e
}

// The limbs of 2p, each above any tight limb.
const (
	twoP0 = 2 * (mask51 - 18)
	twoPi = 2 * mask51
)

// Sub sets e to a - b + 2p, with no carry. b must be tight.
func (e *Element) Sub(a, b *Element) *Element {
	e[0] = a[0] + twoP0 - b[0]
	e[1] = a[1] + twoPi - b[1]
	e[2] = a[2] + twoPi - b[2]
	e[3] = a[3] + twoPi - b[3]
	e[4] = a[4] + twoPi - b[4]
	return e
}

// Neg sets e to 2p - a. a must be tight.
func (e *Element) Neg(a *Element) *Element { return e.Sub(&Element{}, a) }

// wide is hi*2^64 + lo, the sum of one column of a product.
type wide struct{ hi, lo uint64 }

func mul(a, b uint64) wide {
	hi, lo := bits.Mul64(a, b)
	return wide{hi, lo}
}

func (w wide) addMul(a, b uint64) wide {
	hi, lo := bits.Mul64(a, b)
	lo, c := bits.Add64(lo, w.lo, 0)
	hi, _ = bits.Add64(hi, w.hi, c)
	return wide{hi, lo}
}

// shift51 returns w>>51, which is below 2^64 where w < 2^115.
func (w wide) shift51() uint64 { return w.hi<<13 | w.lo>>51 }
