package rsa

import (
	"crypto"
	std "crypto/rsa"
	"crypto/sha256"
	"fmt"
	"testing"
)

// The time of a signature under each backend; ratios want an interleaved run.
func BenchmarkVerify(b *testing.B) {
	digest := sha256.Sum256([]byte("m"))
	for _, k := range testKeys()[:3] {
		sig, err := std.SignPKCS1v15(nil, k, crypto.SHA256, digest[:])
		if err != nil {
			b.Fatal(err)
		}
		for _, way := range backends {
			key := newPublicKey(way, &k.PublicKey)
			b.Run(fmt.Sprintf("bits=%d/backend=%s", k.N.BitLen(), way), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !key.VerifyPKCS1v15(crypto.SHA256, digest[:], sig) {
						b.Fatal("a good signature is refused")
					}
				}
			})
		}
	}
}

func BenchmarkNewPublicKey(b *testing.B) {
	for _, k := range testKeys()[:3] {
		b.Run(fmt.Sprintf("bits=%d", k.N.BitLen()), func(b *testing.B) {
			for b.Loop() {
				if _, err := NewPublicKey(&k.PublicKey); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
