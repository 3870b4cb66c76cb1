package ecdsa

import (
	std "crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/scalar"
)

// signed is what the benchmarks verify: signatures under one key, enough of them
// that no branch is learnt by heart and the table is not all in the first cache.
type signed struct {
	public         *std.PublicKey
	whole, compact *PublicKey
	digests, sigs  [256][]byte
	i              int
}

func newSigned(b *testing.B) *signed {
	b.Helper()
	private, err := std.GenerateKey(elliptic.P256(), nil)
	if err != nil {
		b.Fatal(err)
	}
	s := &signed{public: &private.PublicKey}
	for i := range s.digests {
		digest := sha256.Sum256([]byte{byte(i)})
		s.digests[i] = digest[:]
		r, v, err := std.Sign(nothingRandom{}, private, digest[:])
		if err != nil {
			b.Fatal(err)
		}
		s.sigs[i] = join(r, v)
	}
	if s.whole, err = NewPublicKey(s.public); err != nil {
		b.Fatal(err)
	}
	if s.compact, err = NewCompactPublicKey(s.public); err != nil {
		b.Fatal(err)
	}
	return s
}

func (s *signed) next() (digest, sig []byte) {
	s.i = (s.i + 1) % len(s.sigs)
	return s.digests[s.i], s.sigs[s.i]
}

// The time of a signature on every path. Ratios want an interleaved run:
// bench/signatures.
func BenchmarkVerify(b *testing.B) {
	s := newSigned(b)
	run := func(name string, size int, verify func() bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !verify() {
					b.Fatal("a good signature is refused")
				}
			}
			if size > 1 {
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/signature")
			}
		})
	}
	run("backend=crypto", 1, func() bool {
		digest, sig := s.next()
		return oracle(s.public, digest, sig)
	})
	for _, backend := range backends {
		for name, k := range map[string]*PublicKey{"whole": s.whole, "compact": s.compact} {
			run(fmt.Sprintf("backend=%s/table=%s", backend, name), 1, func() bool {
				digest, sig := s.next()
				return k.verify(backend, digest, sig)
			})
		}
		for _, size := range []int{2, 3, 4, 8, 64} {
			keys, valid := make([]*PublicKey, size), make([]bool, size)
			for i := range keys {
				keys[i] = s.whole
			}
			run(fmt.Sprintf("backend=%s/batch=%d", backend, size), size, func() bool {
				s.i = (s.i + size) % (len(s.sigs) - size)
				verifyBatch(backend, keys, s.digests[s.i:s.i+size], s.sigs[s.i:s.i+size], valid)
				return valid[0]
			})
		}
	}
}

func BenchmarkNewPublicKey(b *testing.B) {
	s := newSigned(b)
	for name, of := range map[string]func(*std.PublicKey) (*PublicKey, error){"whole": NewPublicKey, "compact": NewCompactPublicKey} {
		b.Run("table="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := of(s.public); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// numbers returns the scalars of a signature.
func (s *signed) numbers(b *testing.B) (r, v, u1, u2 scalar.Scalar) {
	b.Helper()
	digest, sig := s.next()
	if !r.SetBytes((*[32]byte)(sig)) || !v.SetBytes((*[32]byte)(sig[32:])) {
		b.Fatal("a good signature is out of bounds")
	}
	var inverse scalar.Scalar
	inverse.Invert(&v)
	u1, u2 = multipliers(&r, &inverse, digest)
	return r, v, u1, u2
}

func step(b *testing.B, name string, do func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			do()
		}
	})
}

// What the steps of the portable code take.
func BenchmarkPortableSteps(b *testing.B) {
	s := newSigned(b)
	r, v, u1, u2 := s.numbers(b)
	var p point.Point
	step(b, "step=inversion", func() { new(scalar.Scalar).Invert(&v) })
	step(b, "step=multipliers", func() { multipliers(&r, &v, s.digests[0]) })
	step(b, "step=base", func() {
		c := u1.Digits8()
		s.whole.base.AddMultiple(&p, c[:], true)
	})
	step(b, "step=key", func() {
		c := u2.Digits8()
		s.whole.table.AddMultiple(&p, c[:], false)
	})
	step(b, "step=comparison", func() { isX(&p, &r) })
}
