package engine_test

import (
	stded25519 "crypto/ed25519"
	"testing"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/engine/jwt"
)

// BenchmarkVerify sets a whole verification beside its signature alone, for one
// token of RFC 9068.
func BenchmarkVerify(b *testing.B) {
	token := sign(b, "k1", goodClaims(nil))
	b.Logf("token of %d bytes", len(token))
	parsed, err := jwt.Parse(token)
	if err != nil {
		b.Fatal(err)
	}
	cold := newEngine(b, engine.Config{Issuers: []engine.Issuer{usual(b)}, CacheBytes: -1})
	warm := newEngine(b, engine.Config{Issuers: []engine.Issuer{usual(b)}})
	public := privateKey("k1").Public().(stded25519.PublicKey)
	key, err := ed25519.NewPublicKey(public)
	if err != nil {
		b.Fatal(err)
	}
	run := func(name string, verify func() bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !verify() {
					b.Fatal("refused")
				}
			}
		})
	}
	run("path=signature/by=crypto", func() bool { return stded25519.Verify(public, parsed.Signed, parsed.Signature) })
	run("path=signature/by=tollgate", func() bool { return key.Verify(parsed.Signed, parsed.Signature) })
	run("path=cold", func() bool { _, err := cold.Verify(token); return err == nil })
	run("path=warm", func() bool { _, err := warm.Verify(token); return err == nil })
}
