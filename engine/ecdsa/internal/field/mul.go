package field

import "math/bits"

// Mul sets e to a * b: to the product of the words, divided by 2^256.
//
// The product has eight words. Four times the least word q is cleared by adding
// q*p: p is -1 modulo 2^96 and its third word is 0, so that
//
//	q + q*p = q*2^64 + q*2^64*(2^32 - 1) + q*p3*2^192 = q*2^96 + q*p3*2^192
//
// is two shifts and q*p3 = q*2^64 - q*2^32 + q. What is left is below 2p.
func (e *Element) Mul(a, b *Element) *Element {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
	var h, k uint64

	// a0 * b
	t1, t0 := bits.Mul64(a0, b0)
	t2, l := bits.Mul64(a0, b1)
	t1, k = bits.Add64(t1, l, 0)
	t3, l := bits.Mul64(a0, b2)
	t2, k = bits.Add64(t2, l, k)
	t4, l := bits.Mul64(a0, b3)
	t3, k = bits.Add64(t3, l, k)
	t4 += k

	// + a1 * b
	h0, l := bits.Mul64(a1, b0)
	t1, k = bits.Add64(t1, l, 0)
	h1, l := bits.Mul64(a1, b1)
	t2, k = bits.Add64(t2, l, k)
	h2, l := bits.Mul64(a1, b2)
	t3, k = bits.Add64(t3, l, k)
	h, l = bits.Mul64(a1, b3)
	t4, k = bits.Add64(t4, l, k)
	t5 := h + k
	t2, k = bits.Add64(t2, h0, 0)
	t3, k = bits.Add64(t3, h1, k)
	t4, k = bits.Add64(t4, h2, k)
	t5 += k

	// + a2 * b
	h0, l = bits.Mul64(a2, b0)
	t2, k = bits.Add64(t2, l, 0)
	h1, l = bits.Mul64(a2, b1)
	t3, k = bits.Add64(t3, l, k)
	h2, l = bits.Mul64(a2, b2)
	t4, k = bits.Add64(t4, l, k)
	h, l = bits.Mul64(a2, b3)
	t5, k = bits.Add64(t5, l, k)
	t6 := h + k
	t3, k = bits.Add64(t3, h0, 0)
	t4, k = bits.Add64(t4, h1, k)
	t5, k = bits.Add64(t5, h2, k)
	t6 += k

	// + a3 * b
	h0, l = bits.Mul64(a3, b0)
	t3, k = bits.Add64(t3, l, 0)
	h1, l = bits.Mul64(a3, b1)
	t4, k = bits.Add64(t4, l, k)
	h2, l = bits.Mul64(a3, b2)
	t5, k = bits.Add64(t5, l, k)
	h, l = bits.Mul64(a3, b3)
	t6, k = bits.Add64(t6, l, k)
	t7 := h + k
	t4, k = bits.Add64(t4, h0, 0)
	t5, k = bits.Add64(t5, h1, k)
	t6, k = bits.Add64(t6, h2, k)
	t7 += k

	e.montgomery(t0, t1, t2, t3, t4, t5, t6, t7)
	return e
}

// Square sets e to a * a. The products of unlike words are taken once and doubled.
func (e *Element) Square(a *Element) *Element {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	var k uint64

	t2, t1 := bits.Mul64(a0, a1)
	t3, l := bits.Mul64(a0, a2)
	t2, k = bits.Add64(t2, l, 0)
	t4, l := bits.Mul64(a0, a3)
	t3, k = bits.Add64(t3, l, k)
	t4 += k
	h, l := bits.Mul64(a1, a2)
	t3, k = bits.Add64(t3, l, 0)
	t4, k = bits.Add64(t4, h, k)
	t6, t5 := bits.Mul64(a2, a3)
	t5, k = bits.Add64(t5, 0, k)
	t6 += k
	h, l = bits.Mul64(a1, a3)
	t4, k = bits.Add64(t4, l, 0)
	t5, k = bits.Add64(t5, h, k)
	t6 += k

	t1, k = bits.Add64(t1, t1, 0)
	t2, k = bits.Add64(t2, t2, k)
	t3, k = bits.Add64(t3, t3, k)
	t4, k = bits.Add64(t4, t4, k)
	t5, k = bits.Add64(t5, t5, k)
	t6, k = bits.Add64(t6, t6, k)
	t7 := k

	h, t0 := bits.Mul64(a0, a0)
	t1, k = bits.Add64(t1, h, 0)
	h, l = bits.Mul64(a1, a1)
	t2, k = bits.Add64(t2, l, k)
	t3, k = bits.Add64(t3, h, k)
	h, l = bits.Mul64(a2, a2)
	t4, k = bits.Add64(t4, l, k)
	t5, k = bits.Add64(t5, h, k)
	h, l = bits.Mul64(a3, a3)
	t6, k = bits.Add64(t6, l, k)
	t7, _ = bits.Add64(t7, h, k)
	e.montgomery(t0, t1, t2, t3, t4, t5, t6, t7)
	return e
}

// montgomery sets e to the number of eight words divided by 2^256.
func (e *Element) montgomery(t0, t1, t2, t3, t4, t5, t6, t7 uint64) {
	var h, l, k, c uint64
	h, l = bits.Mul64(t0, p3)
	t1, k = bits.Add64(t1, t0<<32, 0)
	t2, k = bits.Add64(t2, t0>>32, k)
	t3, k = bits.Add64(t3, l, k)
	t0, _ = bits.Add64(0, h, k) // of weight 2^256

	h, l = bits.Mul64(t1, p3)
	t2, k = bits.Add64(t2, t1<<32, 0)
	t3, k = bits.Add64(t3, t1>>32, k)
	t0, k = bits.Add64(t0, l, k)
	t1, _ = bits.Add64(0, h, k)

	h, l = bits.Mul64(t2, p3)
	t3, k = bits.Add64(t3, t2<<32, 0)
	t0, k = bits.Add64(t0, t2>>32, k)
	t1, k = bits.Add64(t1, l, k)
	t2, _ = bits.Add64(0, h, k)

	h, l = bits.Mul64(t3, p3)
	t0, k = bits.Add64(t0, t3<<32, 0)
	t1, k = bits.Add64(t1, t3>>32, k)
	t2, k = bits.Add64(t2, l, k)
	t3, _ = bits.Add64(0, h, k)

	t0, k = bits.Add64(t0, t4, 0)
	t1, k = bits.Add64(t1, t5, k)
	t2, k = bits.Add64(t2, t6, k)
	t3, c = bits.Add64(t3, t7, k)
	e.reduce(t0, t1, t2, t3, c)
}
