//go:build !purego

package ed25519

import (
	"testing"

	"github.com/tollgate/tollgate/engine/ed25519/internal/ifma"
	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/quad"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

// What the steps of the AVX2 code take.
func BenchmarkQuadSteps(b *testing.B) {
	if !quad.Available {
		b.Skip("the processor lacks AVX2")
	}
	s := newSigned(b)
	message, sig := s.next()
	var one scalar.Scalar
	if !one.SetCanonical((*[32]byte)(sig[32:])) {
		b.Fatal("S is not below L")
	}
	run := func(name string, do func()) {
		b.Run("step="+name, func(b *testing.B) {
			for b.Loop() {
				do()
			}
		})
	}
	p := quad.Identity()
	run("challenge", func() { s.whole.challenge(message, sig) })
	run("additions", func() {
		for _, t := range []*point.Table{s.whole.base, s.whole.minus} {
			d := one.Digits8()
			t.Touch(d[:])
			quad.Accumulate(&p, t, d[:])
		}
	})
	run("sum", func() { quad.Sum(&p) })
	run("encoding", func() {
		x, y, z := quad.Lane(&p[quad.X], 0), quad.Lane(&p[quad.Y], 0), quad.Lane(&p[quad.Z], 0)
		encodes(&x, &y, &z, (*[32]byte)(sig))
	})
}

// What the steps of the vector code take, for one signature and for eight.
func BenchmarkVectorSteps(b *testing.B) {
	if !ifma.Available {
		b.Skip("the processor lacks AVX-512 IFMA")
	}
	s := newSigned(b)
	message, sig := s.next()
	var one scalar.Scalar
	if !one.SetCanonical((*[32]byte)(sig[32:])) {
		b.Fatal("S is not below L")
	}
	run := func(name string, do func()) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				do()
			}
		})
	}
	p := ifma.Identity()
	run("signatures=1/step=challenge", func() { s.whole.challenge(message, sig) })
	run("signatures=1/step=additions", func() {
		for _, t := range []*point.Table{s.whole.base, s.whole.minus} {
			d := one.Digits8()
			a := across{table: t}
			a.prefetch(d[:])
			a.accumulate(&p)
		}
	})
	run("signatures=1/step=sum", func() { ifma.Sum(&p) })
	run("signatures=1/step=encoding", func() {
		x, y, z := ifma.Lane(&p[ifma.YMinusX], 0), ifma.Lane(&p[ifma.YPlusX], 0), ifma.Lane(&p[ifma.Z], 0)
		encodes(&x, &y, &z, (*[32]byte)(sig))
	})

	var g group
	var tails [lanes][]byte
	var windows [lanes]*point.Entry
	for j := range lanes {
		ifma.SetScalar(&g.s, j, &one)
		tails[j] = message
		windows[j] = &s.whole.minus.Entries[0]
	}
	run("signatures=8/step=hash", func() { g.hasher.Sum(&tails) })
	digests := g.hasher.Sum(&tails)
	run("signatures=8/step=reduction", func() { reduce(digests) })
	run("signatures=8/step=additions", func() {
		for range 2 {
			d := ifma.Digits8(&g.s)
			ifma.Prefetch(&windows, d[:], s.whole.minus.Stride)
			ifma.Accumulate(&p, &windows, d[:], s.whole.minus.Stride)
		}
	})
	run("signatures=8/step=encodings", func() { encodings(&p) })
}
