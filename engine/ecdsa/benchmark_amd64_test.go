//go:build !purego

package ecdsa

import (
	"slices"
	"testing"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/ifma"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/scalar"
)

// What the steps of the vector code take, for one signature and for eight.
func BenchmarkVectorSteps(b *testing.B) {
	if !slices.Contains(backends, avx512ifma) {
		b.Skip("the processor lacks AVX-512 IFMA")
	}
	s := newSigned(b)
	r, v, u1, u2 := s.numbers(b)
	var p ifma.Point
	step(b, "signatures=1/step=digits", func() {
		for _, u := range []*scalar.Scalar{&u1, &u2} {
			c := u.Digits8()
			a := across{table: s.whole.table}
			a.prefetch(c[:])
		}
	})
	base, key := across{table: s.whole.base}, across{table: s.whole.table}
	c1, c2 := u1.Digits8(), u2.Digits8()
	base.prefetch(c1[:])
	key.prefetch(c2[:])
	step(b, "signatures=1/step=additions", func() {
		base.at(0)
		ifma.Start(&p, &base.windows, &base.digits[0])
		base.accumulate(&p, 1)
		key.accumulate(&p, 0)
		ifma.Finish(&p)
	})
	q := p
	step(b, "signatures=1/step=sum", func() { q = p; ifma.Sum(&q) })
	step(b, "signatures=1/step=comparison", func() { s.whole.hasX(&q, 0, &r, &u1, &u2) })

	var list, again [lanes]scalar.Scalar
	for j := range list {
		list[j] = v
	}
	step(b, "signatures=8/step=inversion", func() { again = list; scalar.InvertAll(again[:]) })
	step(b, "signatures=8/step=multipliers", func() {
		for j := range list {
			multipliers(&r, &list[j], s.digests[j])
		}
	})
	var windows [lanes]*point.Entry
	for j := range windows {
		windows[j] = &s.whole.table.Entries[0]
	}
	var c [32][lanes]int8
	step(b, "signatures=8/step=digits", func() {
		for range 2 {
			turn8(&c, &list)
			ifma.Prefetch(&windows, c[:], s.whole.table.Stride)
		}
	})
	step(b, "signatures=8/step=additions", func() {
		ifma.Start(&p, &windows, &c[0])
		ifma.Accumulate(&p, &windows, c[1:31], s.whole.table.Stride)
		ifma.Accumulate(&p, &windows, c[:], s.whole.table.Stride)
		ifma.Finish(&p)
	})
	step(b, "signatures=8/step=comparison", func() {
		for j := range lanes {
			s.whole.hasX(&p, j, &r, &u1, &u2)
		}
	})
}
