package field

// SqrtM1 is the square root of -1 that RFC 8032 names: 2^((p-1)/4).
var SqrtM1 = func() Element {
	// (p-1)/4 = 2 * (p-5)/8 + 1.
	var two, e Element
	two.Add(&One, &One)
	e.PowP58(&two)
	e.Square(&e)
	e.Mul(&e, &two)
	return e
}()

// SqrtRatio sets e to the even square root of u/v and reports whether there is
// one. u and v must be tight.
func (e *Element) SqrtRatio(u, v *Element) bool {
	// RFC 8032, Section 5.1.3: the candidate is (u v^3) (u v^7)^((p-5)/8).
	var v3, t, check, minusU Element
	v3.Mul(t.Square(v), v)
	t.Mul(t.Square(&v3), v)
	t.PowP58(t.Mul(&t, u))
	t.Mul(&t, &v3)
	t.Mul(&t, u)

	check.Mul(check.Square(&t), v)
	if !check.Equal(u) {
		if !check.Equal(minusU.Neg(u)) {
			return false
		}
		t.Mul(&t, &SqrtM1)
	}
	if t.IsNegative() {
		t.Carry(t.Neg(&t))
	}
	*e = t
	return true
}
