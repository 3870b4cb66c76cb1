//go:build !purego

package ed25519

import (
	"slices"
	"testing"

	"github.com/tollgate/tollgate/engine/ed25519/internal/ifma"
	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/quad"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

// What the steps of the AVX2 code take.
func BenchmarkQuadSteps(b *testing.B) {
	if !slices.Contains(backends, avx2) {
		b.Skip("the processor lacks AVX2, BMI or ADX")
	}
	s := newSigned(b)
	message, sig := s.next()
	var one scalar.Scalar
	if !one.SetCanonical((*[32]byte)(sig[32:])) {
		b.Fatal("S is not below L")
	}
	p := quad.Identity()
	step(b, "step=challenge", func() { s.whole.challenge(message, sig) })
	step(b, "step=additions", func() {
		for _, t := range []*point.Table{s.whole.base, s.whole.minus} {
			d := one.Digits8()
			t.Touch(d[:])
			quad.Accumulate(&p, t, d[:])
		}
	})
	step(b, "step=sum", func() { quad.Sum(&p) })
	step(b, "step=encoding", func() {
		x, y, z := quad.Lane(&p[quad.X], 0), quad.Lane(&p[quad.Y], 0), quad.Lane(&p[quad.Z], 0)
		encodes(&x, &y, &z, (*[32]byte)(sig))
	})
}

// What the steps of the vector code take, for one signature and for eight.
func BenchmarkVectorSteps(b *testing.B) {
	if !slices.Contains(backends, avx512ifma) {
		b.Skip("the processor lacks AVX-512 IFMA")
	}
	s := newSigned(b)
	message, sig := s.next()
	var one scalar.Scalar
	if !one.SetCanonical((*[32]byte)(sig[32:])) {
		b.Fatal("S is not below L")
	}
	p := ifma.Identity()
	step(b, "signatures=1/step=challenge", func() { s.whole.challenge(message, sig) })
	step(b, "signatures=1/step=additions", func() {
		for _, t := range []*point.Table{s.whole.base, s.whole.minus} {
			d := one.Digits8()
			a := across{table: t}
			a.prefetch(d[:])
			a.accumulate(&p)
		}
	})
	step(b, "signatures=1/step=sum", func() { ifma.Sum(&p) })
	step(b, "signatures=1/step=encoding", func() {
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
	step(b, "signatures=8/step=hash", func() { g.hasher.Sum(&tails) })
	digests := g.hasher.Sum(&tails)
	step(b, "signatures=8/step=reduction", func() { reduce(digests) })
	step(b, "signatures=8/step=additions", func() {
		for range 2 {
			d := ifma.Digits8(&g.s)
			ifma.Prefetch(&windows, d[:], s.whole.minus.Stride)
			ifma.Accumulate(&p, &windows, d[:], s.whole.minus.Stride)
		}
	})
	step(b, "signatures=8/step=encodings", func() { encodings(&p) })
}
