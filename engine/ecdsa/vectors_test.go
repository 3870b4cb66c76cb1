package ecdsa

import (
	std "crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
)

// Project Wycheproof's cases of r ‖ s, for P-256 and the other curves.
func TestWycheproof(t *testing.T) {
	f := func(name string, curve elliptic.Curve, hash func([]byte) []byte, least int) {
		t.Helper()
		data, err := fs.ReadFile(wycheproof.TestVectors, name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			TestGroups []struct {
				PublicKey struct{ Uncompressed string }
				Tests     []struct{ Msg, Sig, Result string }
			}
		}
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		list, n := paths(), 0
		if curve != elliptic.P256() {
			list = list[:1] // there is one way for all
		}
		for _, g := range file.TestGroups {
			key, err := std.ParseUncompressedPublicKey(curve, unhex(g.PublicKey.Uncompressed))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range g.Tests {
				agree(t, list, key, hash(unhex(v.Msg)), unhex(v.Sig), v.Result == "valid")
				n++
			}
		}
		if n < least {
			t.Errorf("%s has %d cases, want %d or more", name, n, least)
		}
	}
	s256 := func(b []byte) []byte { d := sha256.Sum256(b); return d[:] }
	s384 := func(b []byte) []byte { d := sha512.Sum384(b); return d[:] }
	s512 := func(b []byte) []byte { d := sha512.Sum512(b); return d[:] }
	f("ecdsa_secp256r1_sha256_p1363_test.json", elliptic.P256(), s256, 250)
	f("ecdsa_secp256r1_sha512_p1363_test.json", elliptic.P256(), s512, 300)
	if testing.Short() {
		return // the other curves are crypto/ecdsa's
	}
	f("ecdsa_secp384r1_sha384_p1363_test.json", elliptic.P384(), s384, 250)
	f("ecdsa_secp521r1_sha512_p1363_test.json", elliptic.P521(), s512, 250)
}

// RFC 6979, Appendix A.2.5: the signatures of P-256 with every hash.
func TestRFC6979(t *testing.T) {
	if !rfc6979.key.Verify(rfc6979.digest, rfc6979.good) {
		t.Error("the signature of \"sample\" is refused")
	}
	digest := sha256.Sum256([]byte("test"))
	sig := unhex("f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367" +
		"019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083")
	if !rfc6979.key.Verify(digest[:], sig) {
		t.Error("the signature of \"test\" is refused")
	}
}
