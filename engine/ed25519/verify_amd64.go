//go:build !purego

package ed25519

import (
	"github.com/tollgate/tollgate/engine/ed25519/internal/field"
	"github.com/tollgate/tollgate/engine/ed25519/internal/ifma"
	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

// avx512ifma is eight lanes of AVX-512 IFMA.
const avx512ifma backend = "avx512ifma"

func detect() []backend {
	if ifma.Available {
		return []backend{avx512ifma, generic}
	}
	return []backend{generic}
}

// accelerated reports whether [s]B - [k]A encodes as R, the first half of sig.
// Lane i of a step adds window i, and the lanes are added up in the end. The
// entries are asked for as soon as the digits are known, those of B before the
// hash: a table may be far away in memory.
func (k *PublicKey) accelerated(s *scalar.Scalar, message, sig []byte) bool {
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
	return encodes(&p, (*[32]byte)(sig))
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

// encodes reports whether lane 0 of p encodes as r.
func encodes(p *ifma.Point, r *[32]byte) bool {
	minus, plus, z := ifma.Lane(&p[ifma.YMinusX], 0), ifma.Lane(&p[ifma.YPlusX], 0), ifma.Lane(&p[ifma.Z], 0)
	var x, y, inverse field.Element
	ifma.Invert(&inverse, z.Add(&z, &z))
	x.Mul(x.Sub(&plus, &minus), &inverse)
	y.Mul(y.Add(&plus, &minus), &inverse)
	b := y.Bytes()
	if x.IsNegative() {
		b[31] |= 1 << 7
	}
	return b == *r
}
