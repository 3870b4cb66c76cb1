//go:build !purego

package ed25519

import (
	"github.com/tollgate/tollgate/engine/ed25519/internal/adx"
	"github.com/tollgate/tollgate/engine/ed25519/internal/field"
	"github.com/tollgate/tollgate/engine/ed25519/internal/ifma"
	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/quad"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

func detect() (list []backend) {
	if ifma.Available && adx.Available {
		list = append(list, avx512ifma)
	}
	if quad.Available && adx.Available {
		list = append(list, avx2)
	}
	return append(list, generic)
}

// fourLanes reports whether [s]B - [k]A encodes as R, the first half of sig.
// Lane i of a step adds window i, and the lanes are added up in the end. The
// entries are read as soon as the digits are known, those of B before the hash: a
// table may be far away in memory.
func (k *PublicKey) fourLanes(s *scalar.Scalar, message, sig []byte) bool {
	base := s.Digits8()
	k.base.Touch(base[:])
	c := k.challenge(message, sig)
	var minus []int8
	if k.isCompact() {
		d := c.Digits4()
		minus = d[:]
	} else {
		d := c.Digits8()
		minus = d[:]
	}
	k.minus.Touch(minus)
	p := quad.Identity()
	quad.Accumulate(&p, k.base, base[:])
	quad.Accumulate(&p, k.minus, minus)
	quad.Sum(&p)
	x, y, z := quad.Lane(&p[quad.X], 0), quad.Lane(&p[quad.Y], 0), quad.Lane(&p[quad.Z], 0)
	return encodes(&x, &y, &z, (*[32]byte)(sig))
}

// eightLanes reports whether [s]B - [k]A encodes as R, the first half of sig.
// Lane i of a step adds window i, and the lanes are added up in the end. The
// entries are asked for as soon as the digits are known, those of B before the
// hash: a table may be far away in memory.
func (k *PublicKey) eightLanes(s *scalar.Scalar, message, sig []byte) bool {
	base := across{table: k.base}
	d := s.Digits8()
	base.prefetch(d[:])

	c := k.challenge(message, sig)
	minus := across{table: k.minus}
	if k.isCompact() {
		d := c.Digits4()
		minus.prefetch(d[:])
	} else {
		d := c.Digits8()
		minus.prefetch(d[:])
	}
	p := ifma.Identity()
	base.accumulate(&p)
	minus.accumulate(&p)
	ifma.Sum(&p)
	// Twice each of x, y and z.
	minus0, plus0, z := ifma.Lane(&p[ifma.YMinusX], 0), ifma.Lane(&p[ifma.YPlusX], 0), ifma.Lane(&p[ifma.Z], 0)
	var x, y field.Element
	return encodes(x.Sub(&plus0, &minus0), y.Add(&plus0, &minus0), z.Add(&z, &z), (*[32]byte)(sig))
}

// across is a multiple of a table's point, eight windows a step.
type across struct {
	table   *point.Table
	windows [lanes]*point.Entry
	digits  [64 / lanes][lanes]int8
	steps   int
}

func (a *across) prefetch(d []int8) {
	for i := range a.windows {
		a.windows[i] = &a.table.Entries[i*a.table.Stride]
	}
	a.steps = len(d) / lanes
	for i := range a.steps {
		a.digits[i] = [lanes]int8(d[lanes*i:])
	}
	ifma.Prefetch(&a.windows, a.digits[:a.steps], lanes*a.table.Stride)
}

// accumulate adds the multiple to p.
func (a *across) accumulate(p *ifma.Point) {
	ifma.Accumulate(p, &a.windows, a.digits[:a.steps], lanes*a.table.Stride)
}

// encodes reports whether (x/z, y/z) encodes as r. It uses x and y up.
func encodes(x, y, z *field.Element, r *[32]byte) bool {
	var inverse field.Element
	adx.Invert(&inverse, z)
	b := y.Mul(y, &inverse).Bytes()
	if x.Mul(x, &inverse).IsNegative() {
		b[31] |= 1 << 7
	}
	return b == *r
}
