//go:build !purego

package ecdsa

import (
	"github.com/tollgate/tollgate/engine/ecdsa/internal/ifma"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/scalar"
)

func detect() (list []backend) {
	if ifma.Available {
		list = append(list, avx512ifma)
	}
	return append(list, generic)
}

// eightLanes reports whether (r, s) is a signature of digest. Lane i of a step
// adds window i, and the lanes are added up in the end. The entries are asked for
// as soon as the digits are known: a table may be far away in memory.
func (k *PublicKey) eightLanes(r, s *scalar.Scalar, digest []byte) bool {
	s.Invert(s)
	u1, u2 := multipliers(r, s, digest)
	base, key := across{table: k.base}, across{table: k.table}
	c := u1.Digits8()
	base.prefetch(c[:])
	if k.isCompact() {
		c := u2.Digits4()
		key.prefetch(c[:])
	} else {
		c := u2.Digits8()
		key.prefetch(c[:])
	}
	var p ifma.Point
	ifma.Start(&p, &base.windows, &base.digits[0])
	base.accumulate(&p, 1)
	key.accumulate(&p, 0)
	ifma.Finish(&p)
	ifma.Sum(&p)
	return k.hasX(&p, 0, r, &u1, &u2)
}

// hasX reports whether lane j of p has an x that is r modulo n. Where an addition
// met an exception, it asks again in the way that treats all.
func (k *PublicKey) hasX(p *ifma.Point, j int, r, u1, u2 *scalar.Scalar) bool {
	q := point.Point{X: ifma.Lane(&p[ifma.X], j), ZZ: ifma.Lane(&p[ifma.ZZ], j)}
	if q.ZZ.IsZero() {
		return k.exact(r, u1, u2)
	}
	return isX(&q, r)
}

// across is a multiple of a table's point, eight windows a step.
type across struct {
	table   *point.Table
	windows [lanes]*point.Entry
	digits  [64 / lanes][lanes]int8
	steps   int
}

func (a *across) prefetch(c []int8) {
	a.at(0)
	a.steps = len(c) / lanes
	for i := range a.steps {
		a.digits[i] = [lanes]int8(c[lanes*i:])
	}
	ifma.Prefetch(&a.windows, a.digits[:a.steps], lanes*a.table.Stride)
}

// at sets the windows to those of a step.
func (a *across) at(step int) {
	for i := range a.windows {
		a.windows[i] = &a.table.Entries[(lanes*step+i)*a.table.Stride]
	}
}

// accumulate adds the multiple to p, from a step on.
func (a *across) accumulate(p *ifma.Point, from int) {
	a.at(from)
	ifma.Accumulate(p, &a.windows, a.digits[from:a.steps], lanes*a.table.Stride)
}
