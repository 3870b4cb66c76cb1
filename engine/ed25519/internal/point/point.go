// Package point does arithmetic on the curve of RFC 8032, Section 5.1,
//
//	-x^2 + y^2 = 1 + d x^2 y^2  modulo  p = 2^255 - 19,  d = -121665/121666,
//
// and builds the tables of multiples that turn a scalar multiplication into
// additions alone. Nothing in it is constant time.
package point

import "github.com/tollgate/tollgate/engine/ed25519/internal/field"

// Point is (X/Z, Y/Z) with X*Y = Z*T: the extended coordinates of RFC 8032,
// Section 5.1.4. All coordinates are tight. The addition formulas are complete
// on this curve, so Z is never 0 and no case is special.
type Point struct{ X, Y, Z, T field.Element }

// D and D2 are the curve constant d and 2d.
var D, D2 = func() (d, d2 field.Element) {
	var denominator field.Element
	d.Neg(&field.Element{121665})
	d.Mul(&d, denominator.Invert(&field.Element{121666}))
	d2.Carry(d2.Add(&d, &d))
	return d, d2
}()

// Identity returns the neutral element, (0, 1).
func Identity() Point { return Point{Y: field.One, Z: field.One} }

// Base returns the base point B, the one with y = 4/5 and an even x.
func Base() Point {
	var y field.Element
	y.Mul(&field.Element{4}, y.Invert(&field.Element{5}))
	encoded := y.Bytes()
	var b Point
	if !b.SetBytes(&encoded) {
		panic("BUG: the base point does not decode")
	}
	return b
}

// SetBytes sets p to the point that b encodes, and reports whether there is
// one. It decodes as crypto/ed25519 does, which is laxer than RFC 8032,
// Section 5.1.3: y may be p or more, and x = 0 may carry a sign bit.
func (p *Point) SetBytes(b *[32]byte) bool {
	var q Point
	q.Y.SetBytes(b)
	q.Z = field.One

	// x^2 = (y^2 - 1) / (d y^2 + 1)
	var y2, u, v field.Element
	y2.Square(&q.Y)
	u.Carry(u.Sub(&y2, &field.One))
	v.Mul(&y2, &D)
	v.Carry(v.Add(&v, &field.One))
	if !q.X.SqrtRatio(&u, &v) {
		return false
	}
	if b[31]>>7 == 1 {
		q.X.Carry(q.X.Neg(&q.X))
	}
	q.T.Mul(&q.X, &q.Y)
	*p = q
	return true
}

// Bytes returns the encoding of p, RFC 8032, Section 5.1.2.
func (p *Point) Bytes() [32]byte {
	var x, y, inverse field.Element
	inverse.Invert(&p.Z)
	b := y.Mul(&p.Y, &inverse).Bytes()
	if x.Mul(&p.X, &inverse).IsNegative() {
		b[31] |= 1 << 7
	}
	return b
}

// Neg sets p to -q.
func (p *Point) Neg(q *Point) *Point {
	p.X.Carry(p.X.Neg(&q.X))
	p.Y = q.Y
	p.Z = q.Z
	p.T.Carry(p.T.Neg(&q.T))
	return p
}

// Add sets p to q + r: Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves
// Revisited", Section 3.1.
func (p *Point) Add(q, r *Point) *Point {
	var w workspace
	w.a.Mul(w.t.Sub(&q.Y, &q.X), w.u.Sub(&r.Y, &r.X))
	w.b.Mul(w.t.Add(&q.Y, &q.X), w.u.Add(&r.Y, &r.X))
	w.c.Mul(w.t.Mul(&q.T, &r.T), &D2)
	w.t.Mul(&q.Z, &r.Z)
	w.t.Add(&w.t, &w.t)
	w.fg[0].Sub(&w.t, &w.c)
	w.fg[1].Add(&w.t, &w.c)
	return p.complete(&w)
}

// addEntry sets p to q + e where negative is 0, and to q - e where it is 1. As
// -e swaps y+x with y-x and changes the sign of 2dxy, it swaps d-c with d+c.
func (p *Point) addEntry(w *workspace, q *Point, e *Entry, negative uint) *Point {
	w.u.SetWords(&e[(yMinusX-negative)&1])
	w.v.SetWords(&e[(yPlusX+negative)&1])
	w.c.SetWords(&e[t2D])
	w.a.Mul(w.t.Sub(&q.Y, &q.X), &w.u)
	w.b.Mul(w.t.Add(&q.Y, &q.X), &w.v)
	w.c.Mul(&w.c, &q.T)
	w.t.Add(&q.Z, &q.Z)
	w.fg[negative&1].Sub(&w.t, &w.c)
	w.fg[(negative^1)&1].Add(&w.t, &w.c)
	return p.complete(w)
}

// A workspace is what an addition needs on its way. A loop keeps one, for the
// compiler would clear it for each addition otherwise.
type workspace struct {
	a, b, c, t, u, v field.Element
	fg               [2]field.Element
}

// complete is the second half of an addition, from a, b, f and g: e = b-a and h
// = b+a. a and b must be tight, f and g loose.
func (p *Point) complete(w *workspace) *Point {
	e, h, f, g := &w.u, &w.v, &w.fg[0], &w.fg[1]
	e.Sub(&w.b, &w.a)
	h.Add(&w.b, &w.a)
	p.X.Mul(e, f)
	p.Y.Mul(g, h)
	p.Z.Mul(f, g)
	p.T.Mul(e, h)
	return p
}

// Double sets p to q + q.
func (p *Point) Double(q *Point) *Point { return p.Add(q, q) }

// IsIdentity reports whether p is the neutral element.
func (p *Point) IsIdentity() bool { return p.X.IsZero() && p.Y.Equal(&p.Z) }

// IsSmallOrder reports whether the order of p divides the cofactor, 8.
func (p *Point) IsSmallOrder() bool {
	var q Point
	q.Double(p)
	q.Double(&q)
	q.Double(&q)
	return q.IsIdentity()
}
