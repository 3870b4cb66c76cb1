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

// accelerated reports whether [s]B - [c]A encodes as r. Lane i of a step adds
// window i, and the lanes are added up in the end.
func (k *PublicKey) accelerated(s, c *scalar.Scalar, r *[32]byte) bool {
	p := ifma.Identity()
	d := s.Digits8()
	accumulateAcross(&p, k.base, d[:])
	if !k.isCompact() {
		d = c.Digits8()
		accumulateAcross(&p, k.minus, d[:])
	} else {
		d := c.Digits4()
		accumulateAcross(&p, k.minus, d[:])
	}
	ifma.Sum(&p)
	return encodes(&p, r)
}

// accumulateAcross adds the multiple of t that d names, eight windows at once.
func accumulateAcross(p *ifma.Point, t *point.Table, d []int8) {
	var windows [lanes]*point.Entry
	for i := range windows {
		windows[i] = &t.Entries[i*t.Stride]
	}
	var steps [64 / lanes][lanes]int8
	for i := range len(d) / lanes {
		steps[i] = [lanes]int8(d[lanes*i:])
	}
	ifma.Accumulate(p, &windows, steps[:len(d)/lanes], lanes*t.Stride)
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
