// Package point does the additions of P-256,
//
//	y^2 = x^3 - 3x + b  modulo p  (SP 800-186, Section 3.2.1.3),
//
// that a verifier needs, and builds the tables of multiples that it adds up. It
// is variable time and sees no secret.
package point

import "github.com/tollgate/tollgate/engine/ecdsa/internal/field"

// Affine is a point (x, y) that is not the one at infinity.
type Affine struct{ X, Y field.Element }

// Point is (X/ZZ, Y/ZZZ) with ZZ^3 = ZZZ^2. It stands for no point where ZZ is 0:
// see AddAffine. The zero value is such a one.
type Point struct{ X, Y, ZZ, ZZZ field.Element }

// b of the curve, in Montgomery's form.
var b = *new(field.Element).SetWords(&[4]uint64{0x3bce3c3e27d2604b, 0x651d06b0cc53b0f6, 0xb3ebbd55769886bc, 0x5ac635d8aa3a93e7})

// Base returns the base point G.
func Base() Affine {
	return Affine{
		*new(field.Element).SetWords(&[4]uint64{0xf4a13945d898c296, 0x77037d812deb33a0, 0xf8bce6e563a440f2, 0x6b17d1f2e12c4247}),
		*new(field.Element).SetWords(&[4]uint64{0xcbb6406837bf51f5, 0x2bce33576b315ece, 0x8ee7eb4a7c0f9e16, 0x4fe342e2fe1a7f9b}),
	}
}

// SetBytes sets a to the point with the big-endian coordinates x and y, and
// reports whether they are below p and on the curve.
func (a *Affine) SetBytes(x, y *[32]byte) bool {
	if !a.X.SetBytes(x) || !a.Y.SetBytes(y) {
		return false
	}
	var left, right field.Element
	left.Square(&a.Y)
	right.Square(&a.X)
	right.Sub(&right, &field.One)
	right.Sub(&right, &field.One)
	right.Sub(&right, &field.One)
	right.Mul(&right, &a.X)
	return left == *right.Add(&right, &b)
}

// SetAffine sets p to a.
func (p *Point) SetAffine(a *Affine) {
	p.X, p.Y, p.ZZ, p.ZZZ = a.X, a.Y, field.One, field.One
}

// AddAffine sets p to p + a, where p is neither a nor -a. Where it is, ZZ becomes
// 0, and nothing makes ZZ other than 0 again: ZZ is a product of itself and other
// numbers in every addition. So whether a sum of many points ever met such a case
// is asked once, in the end.
//
// It is madd-2008-s of the Explicit-Formulas Database, coordinates XYZZ: eight
// multiplications and two squares.
func (p *Point) AddAffine(a *Affine) {
	var h, r, hh, hhh, v, t field.Element
	h.Sub(h.Mul(&a.X, &p.ZZ), &p.X)
	r.Sub(r.Mul(&a.Y, &p.ZZZ), &p.Y)
	hh.Square(&h)
	hhh.Mul(&h, &hh)
	v.Mul(&p.X, &hh)
	p.X.Sub(p.X.Sub(p.X.Square(&r), &hhh), t.Add(&v, &v))
	r.Mul(&r, v.Sub(&v, &p.X))
	p.Y.Sub(&r, t.Mul(&p.Y, &hhh))
	p.ZZ.Mul(&p.ZZ, &hh)
	p.ZZZ.Mul(&p.ZZZ, &hhh)
}

// AddExactly sets p to p + a in every case. ZZ = 0 stands for the point at
// infinity before and after.
func (p *Point) AddExactly(a *Affine) {
	if p.ZZ.IsZero() {
		p.SetAffine(a)
		return
	}
	var x, y field.Element
	if *x.Mul(&a.X, &p.ZZ) != p.X {
		p.AddAffine(a)
		return
	}
	if *y.Mul(&a.Y, &p.ZZZ) == p.Y {
		p.Double()
		return
	}
	*p = Point{}
}

// Add sets p to p + q, with the exceptions of AddAffine. It is add-2008-s: twelve
// multiplications and two squares.
func (p *Point) Add(q *Point) {
	var u, s, h, r, hh, hhh, v, t field.Element
	u.Mul(&p.X, &q.ZZ)
	s.Mul(&p.Y, &q.ZZZ)
	h.Sub(h.Mul(&q.X, &p.ZZ), &u)
	r.Sub(r.Mul(&q.Y, &p.ZZZ), &s)
	hh.Square(&h)
	hhh.Mul(&h, &hh)
	v.Mul(&u, &hh)
	p.X.Sub(p.X.Sub(p.X.Square(&r), &hhh), t.Add(&v, &v))
	r.Mul(&r, v.Sub(&v, &p.X))
	p.Y.Sub(&r, t.Mul(&s, &hhh))
	p.ZZ.Mul(t.Mul(&p.ZZ, &q.ZZ), &hh)
	p.ZZZ.Mul(t.Mul(&p.ZZZ, &q.ZZZ), &hhh)
}

// Double sets p to 2p, which is never the point at infinity: the order of the
// group is odd. It is dbl-2008-s-1 with a = -3.
func (p *Point) Double() {
	var u, v, w, s, m, t field.Element
	u.Add(&p.Y, &p.Y)
	v.Square(&u)
	w.Mul(&u, &v)
	s.Mul(&p.X, &v)
	m.Mul(m.Sub(&p.X, &p.ZZ), t.Add(&p.X, &p.ZZ))
	m.Add(t.Add(&m, &m), &m)
	p.X.Sub(p.X.Square(&m), t.Add(&s, &s))
	m.Mul(&m, s.Sub(&s, &p.X))
	p.Y.Sub(&m, t.Mul(&w, &p.Y))
	p.ZZ.Mul(&p.ZZ, &v)
	p.ZZZ.Mul(&p.ZZZ, &w)
}

// HasX reports whether the x of p is the number x, which must be below p, and p a
// point: ZZ not 0.
func (p *Point) HasX(x *[4]uint64) bool {
	var e field.Element
	e.Mul(e.SetWords(x), &p.ZZ)
	return e == p.X && !p.ZZ.IsZero()
}
