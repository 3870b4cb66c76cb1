package engine_test

import (
	stded25519 "crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/revocation"
)

// measure runs do, and beside the mean reports the fastest window of twenty runs:
// what it takes on a machine that does nothing else meanwhile.
func measure(b *testing.B, name string, do func() error) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		const window = 20
		fastest := time.Duration(1<<63 - 1)
		n := 0
		start := time.Now()
		for b.Loop() {
			if err := do(); err != nil {
				b.Fatal(err)
			}
			if n++; n%window == 0 {
				now := time.Now()
				fastest = min(fastest, now.Sub(start))
				start = now
			}
		}
		if n >= window {
			b.ReportMetric(float64(fastest.Nanoseconds())/window, "min-ns/op")
		}
	})
}

func verdict(valid bool) error {
	if !valid {
		return engine.ErrSignature
	}
	return nil
}

// benchToken is a token that is good by the real clock, which the engines here go
// by: reading it is part of a verification.
func benchToken(b *testing.B, n int) []byte {
	return sign(b, "k1", goodClaims(map[string]any{
		"jti": fmt.Sprintf("3f0c9e6e-6d5f-4c1e-9f3a-%012d", n), "iat": 1_700_000_000, "exp": int64(4_000_000_000),
	}))
}

// systemEngine is an engine that goes by the system's clock.
func systemEngine(b *testing.B, c engine.Config) *engine.Engine {
	b.Helper()
	e, err := engine.New(c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Close)
	return e
}

// BenchmarkVerify sets a whole verification beside its signature alone, for one
// token of RFC 9068.
func BenchmarkVerify(b *testing.B) {
	token := benchToken(b, 0)
	b.Logf("token of %d bytes", len(token))
	parsed, err := jwt.Parse(token)
	if err != nil {
		b.Fatal(err)
	}
	issuer := usual(b)
	issuer.Revocations = revocation.NewSet()
	plain := systemEngine(b, engine.Config{Issuers: []engine.Issuer{issuer}, CacheBytes: -1})
	cached := systemEngine(b, engine.Config{Issuers: []engine.Issuer{issuer}})
	public := privateKey("k1").Public().(stded25519.PublicKey)
	key, err := ed25519.NewPublicKey(public)
	if err != nil {
		b.Fatal(err)
	}
	measure(b, "path=signature/by=crypto", func() error { return verdict(stded25519.Verify(public, parsed.Signed, parsed.Signature)) })
	measure(b, "path=signature/by=tollgate", func() error { return verdict(key.Verify(parsed.Signed, parsed.Signature)) })
	measure(b, "path=cold", func() error { _, err := plain.Verify(token); return err })
	measure(b, "path=warm", func() error { _, err := cached.Verify(token); return err })

	var tokens [][]byte
	for n := range 20000 {
		tokens = append(tokens, benchToken(b, n))
	}
	// each token new to the cache, until they come round again long after
	small := systemEngine(b, engine.Config{Issuers: []engine.Issuer{issuer}, CacheBytes: 1 << 20})
	next := 0
	measure(b, "path=cold/tokens=256", func() error { next++; _, err := plain.Verify(tokens[next%256]); return err })
	measure(b, "path=cold-stored", func() error { next++; _, err := small.Verify(tokens[next%len(tokens)]); return err })
	measure(b, "path=warm/tokens=1000", func() error { next++; _, err := cached.Verify(tokens[next%1000]); return err })

	out := make([]engine.Verdict, 64)
	measure(b, "path=batch/tokens=64", func() error { plain.VerifyBatch(tokens[:64], out); return out[63].Err })
}

// BenchmarkVerifyParallel is the warm path on all processors.
func BenchmarkVerifyParallel(b *testing.B) {
	e := systemEngine(b, engine.Config{Issuers: []engine.Issuer{usual(b)}})
	for _, n := range []int{1, 1000} {
		var tokens [][]byte
		for i := range n {
			tokens = append(tokens, benchToken(b, i))
		}
		b.Run(fmt.Sprintf("path=warm/tokens=%d", n), func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if _, err := e.Verify(tokens[i%n]); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
