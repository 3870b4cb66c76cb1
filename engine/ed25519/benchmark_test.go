package ed25519

import (
	std "crypto/ed25519"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

// signed is what the benchmarks verify: signatures of 400 bytes under one key,
// enough of them that no branch is learnt by heart and the table is not all in
// the first cache.
type signed struct {
	key            std.PublicKey
	whole, compact *PublicKey
	messages, sigs [256][]byte
	i              int
}

func newSigned(b *testing.B) *signed {
	b.Helper()
	public, private, err := std.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	s := &signed{key: public}
	for i := range s.messages {
		s.messages[i] = make([]byte, 400)
		s.messages[i][0] = byte(i)
		s.sigs[i] = std.Sign(private, s.messages[i])
	}
	if s.whole, err = NewPublicKey(public); err != nil {
		b.Fatal(err)
	}
	if s.compact, err = NewCompactPublicKey(public); err != nil {
		b.Fatal(err)
	}
	return s
}

func (s *signed) next() (message, sig []byte) {
	s.i = (s.i + 1) % len(s.sigs)
	return s.messages[s.i], s.sigs[s.i]
}

// The time of a signature on every path. Ratios want an interleaved run:
// bench/ed25519.
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
		message, sig := s.next()
		return std.Verify(s.key, message, sig)
	})
	for _, backend := range backends {
		for name, k := range map[string]*PublicKey{"whole": s.whole, "compact": s.compact} {
			run(fmt.Sprintf("backend=%s/table=%s", backend, name), 1, func() bool {
				message, sig := s.next()
				return k.verify(backend, message, sig)
			})
		}
		for _, size := range []int{2, 3, 4, 8, 64} {
			keys, valid := make([]*PublicKey, size), make([]bool, size)
			for i := range keys {
				keys[i] = s.whole
			}
			run(fmt.Sprintf("backend=%s/batch=%d", backend, size), size, func() bool {
				s.i = (s.i + size) % (len(s.sigs) - size)
				verifyBatch(backend, keys, s.messages[s.i:s.i+size], s.sigs[s.i:s.i+size], valid)
				return valid[0]
			})
		}
	}
}

// What the steps of the portable code take.
func BenchmarkPortableSteps(b *testing.B) {
	s := newSigned(b)
	message, sig := s.next()
	var scalarS scalar.Scalar
	if !scalarS.SetCanonical((*[32]byte)(sig[32:])) {
		b.Fatal("S is not below L")
	}
	p := point.Identity()
	step(b, "step=challenge", func() { s.whole.challenge(message, sig) })
	step(b, "step=base", func() {
		d := scalarS.Digits8()
		s.whole.base.AddMultiple(&p, d[:])
	})
	step(b, "step=key", func() { s.whole.addMinus(&p, &scalarS) })
	step(b, "step=encoding", func() { p.Bytes() })
}

func step(b *testing.B, name string, do func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			do()
		}
	})
}

func BenchmarkNewPublicKey(b *testing.B) {
	s := newSigned(b)
	for name, of := range map[string]func([]byte) (*PublicKey, error){"whole": NewPublicKey, "compact": NewCompactPublicKey} {
		b.Run("table="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := of(s.key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
