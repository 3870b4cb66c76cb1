package field

// Mul sets e to a * b.
//
// The product of limbs i and j has weight 2^(51(i+j)), and 2^255 = 19 modulo
// p, so the columns from 5 up come back to columns 0 to 4 times 19. With loose
// limbs the largest column, r0, is below (1 + 4*19) * 2^108 < 2^114.3, and r4,
// which nothing is multiplied by 19 into, below 5 * 2^108 < 2^110.4.
func (e *Element) Mul(a, b *Element) *Element {
	a0, a1, a2, a3, a4 := a[0], a[1], a[2], a[3], a[4]
	b0, b1, b2, b3, b4 := b[0], b[1], b[2], b[3], b[4]
	a1x19, a2x19, a3x19, a4x19 := a1*19, a2*19, a3*19, a4*19

	r0 := mul(a0, b0).addMul(a1x19, b4).addMul(a2x19, b3).addMul(a3x19, b2).addMul(a4x19, b1)
	r1 := mul(a0, b1).addMul(a1, b0).addMul(a2x19, b4).addMul(a3x19, b3).addMul(a4x19, b2)
	r2 := mul(a0, b2).addMul(a1, b1).addMul(a2, b0).addMul(a3x19, b4).addMul(a4x19, b3)
	r3 := mul(a0, b3).addMul(a1, b2).addMul(a2, b1).addMul(a3, b0).addMul(a4x19, b4)
	r4 := mul(a0, b4).addMul(a1, b3).addMul(a2, b2).addMul(a3, b1).addMul(a4, b0)

	// Carry twice, the second time as Carry does; written out because neither
	// fits the compiler's budget for inlining, and a call costs a third of Mul.
	// The carry out of r4 is below 2^59.4 and 19 times it below 2^63.7, so
	// nothing overflows 64 bits; what the second round carries is below 2^13,
	// and 19 times that below 2^18.
	c0, c1, c2, c3, c4 := r0.shift51(), r1.shift51(), r2.shift51(), r3.shift51(), r4.shift51()
	t0 := r0.lo&mask51 + 19*c4
	t1 := r1.lo&mask51 + c0
	t2 := r2.lo&mask51 + c1
	t3 := r3.lo&mask51 + c2
	t4 := r4.lo&mask51 + c3
	e[0] = t0&mask51 + 19*(t4>>51)
	e[1] = t1&mask51 + t0>>51
	e[2] = t2&mask51 + t1>>51
	e[3] = t3&mask51 + t2>>51
	e[4] = t4&mask51 + t3>>51
	return e
}

// Square sets e to a * a, with fewer multiplications than Mul.
func (e *Element) Square(a *Element) *Element {
	a0, a1, a2, a3, a4 := a[0], a[1], a[2], a[3], a[4]
	a0x2, a1x2 := a0*2, a1*2
	a1x38, a2x38, a3x38 := a1*38, a2*38, a3*38
	a3x19, a4x19 := a3*19, a4*19

	r0 := mul(a0, a0).addMul(a1x38, a4).addMul(a2x38, a3)
	r1 := mul(a0x2, a1).addMul(a2x38, a4).addMul(a3x19, a3)
	r2 := mul(a0x2, a2).addMul(a1, a1).addMul(a3x38, a4)
	r3 := mul(a0x2, a3).addMul(a1x2, a2).addMul(a4x19, a4)
	r4 := mul(a0x2, a4).addMul(a1x2, a3).addMul(a2, a2)

	// As in Mul.
	c0, c1, c2, c3, c4 := r0.shift51(), r1.shift51(), r2.shift51(), r3.shift51(), r4.shift51()
	t0 := r0.lo&mask51 + 19*c4
	t1 := r1.lo&mask51 + c0
	t2 := r2.lo&mask51 + c1
	t3 := r3.lo&mask51 + c2
	t4 := r4.lo&mask51 + c3
	e[0] = t0&mask51 + 19*(t4>>51)
	e[1] = t1&mask51 + t0>>51
	e[2] = t2&mask51 + t1>>51
	e[3] = t3&mask51 + t2>>51
	e[4] = t4&mask51 + t3>>51
	return e
}

// squares sets e to a^(2^n), for n >= 1.
func (e *Element) squares(a *Element, n int) *Element {
	e.Square(a)
	for range n - 1 {
		e.Square(e)
	}
	return e
}

// PowP58 sets e to a^((p-5)/8) = a^(2^252 - 3), the heart of the square root
// of RFC 8032, Section 5.1.3.
func (e *Element) PowP58(a *Element) *Element {
	// xN stands for a^(2^N - 1).
	var x2, x4, x5, x10, x20, x40, x50, x100, t Element
	x2.Mul(t.Square(a), a)
	x4.Mul(t.squares(&x2, 2), &x2)
	x5.Mul(t.Square(&x4), a)
	x10.Mul(t.squares(&x5, 5), &x5)
	x20.Mul(t.squares(&x10, 10), &x10)
	x40.Mul(t.squares(&x20, 20), &x20)
	x50.Mul(t.squares(&x40, 10), &x10)
	x100.Mul(t.squares(&x50, 50), &x50)
	t.Mul(t.squares(&x100, 100), &x100)
	t.Mul(t.squares(&t, 50), &x50)
	return e.Mul(t.squares(&t, 2), a) // 2^252 - 4 + 1
}
