package ecdsa

//lint:file-ignore SA1019 keys that are none have coordinates too

import (
	"bytes"
	std "crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"math/big"
	"slices"
	"testing"
)

var (
	n     = elliptic.P256().Params().N
	p     = elliptic.P256().Params().P
	limit = new(big.Int).Lsh(big.NewInt(1), 256)
)

// join is r ‖ s.
func join(r, s *big.Int) []byte {
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

// agree holds every path to a verdict that is known and to crypto/ecdsa's.
func agree(t *testing.T, list []path, key *std.PublicKey, digest, sig []byte, want bool) {
	t.Helper()
	if got := oracle(key, digest, sig); got != want {
		t.Fatalf("crypto/ecdsa says %v, the case %v: key %x, %x digest %x sig %x", got, want, key.X, key.Y, digest, sig)
	}
	for _, p := range list {
		if got := p.verify(key, digest, sig); got != want {
			t.Errorf("%s: %v, want %v: key %x, %x digest %x sig %x", p.name, got, want, key.X, key.Y, digest, sig)
		}
	}
}

// Every kind of signature, its verdict written out.
func TestVerdicts(t *testing.T) {
	list := paths()
	key, digest := rfc6979.public, rfc6979.digest
	r, s := new(big.Int).SetBytes(rfc6979.good[:32]), new(big.Int).SetBytes(rfc6979.good[32:])
	f := func(digest, sig []byte, want bool) {
		t.Helper()
		agree(t, list, key, digest, sig, want)
	}
	f(digest, rfc6979.good, true)
	// The twin.
	f(digest, join(r, new(big.Int).Sub(n, s)), true)
	// r and s in one another's place; s negated modulo 2^256; r negated.
	f(digest, join(s, r), false)
	f(digest, join(r, new(big.Int).Sub(limit, s)), false)
	f(digest, join(new(big.Int).Sub(n, r), s), false)
	// Every bit of the signature and of the digest.
	for bit := range 512 {
		sig := bytes.Clone(rfc6979.good)
		sig[bit/8] ^= 1 << (bit % 8)
		f(digest, sig, false)
	}
	for bit := range 256 {
		d := bytes.Clone(digest)
		d[bit/8] ^= 1 << (bit % 8)
		f(d, rfc6979.good, false)
	}
	// r and s out of bounds, alone and together.
	for _, low := range []*big.Int{new(big.Int), n, p, new(big.Int).Sub(limit, big.NewInt(1)), new(big.Int).Add(n, big.NewInt(1))} {
		f(digest, join(low, s), false)
		f(digest, join(r, low), false)
		f(digest, join(low, low), false)
	}
	// r and s at their bounds.
	for _, edge := range []*big.Int{big.NewInt(1), big.NewInt(2), new(big.Int).Sub(n, big.NewInt(1)), new(big.Int).Sub(n, big.NewInt(2))} {
		f(digest, join(edge, s), false)
		f(digest, join(r, edge), false)
		f(digest, join(edge, edge), false)
	}
	// Lengths: one byte short or long, either half in front of it, none, and DER.
	for _, sig := range [][]byte{nil, {}, rfc6979.good[:63], rfc6979.good[1:], rfc6979.good[:32],
		append(bytes.Clone(rfc6979.good), 0), append([]byte{0}, rfc6979.good...),
		slices.Concat(rfc6979.good, rfc6979.good)} {
		f(digest, sig, false)
	}
	// Longer digests are cut, shorter ones are numbers.
	f(append(bytes.Clone(digest), 1, 2, 3), rfc6979.good, true)
	f(append([]byte{0}, digest...), rfc6979.good, false)
	f(digest[:31], rfc6979.good, false)
	f(nil, rfc6979.good, false)
}

// A digest of any length signs and verifies, nothing at all included.
func TestDigests(t *testing.T) {
	list := paths()
	for length := range 70 {
		digest := bytes.Repeat([]byte{byte(length)}, length)
		for _, lead := range []byte{0, 1, 0xff} {
			if length > 0 {
				digest[0] = lead
			}
			r, s, err := std.Sign(nothingRandom{}, rfc6979.private, digest)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, list, rfc6979.public, digest, join(r, s), true)
			s.Xor(s, big.NewInt(2))
			agree(t, list, rfc6979.public, digest, join(r, s), false)
		}
	}
}

type nothingRandom struct{}

func (nothingRandom) Read(b []byte) (int, error) { return len(b), nil }

// What is no key is refused; the other curves work, and no signature of one
// length passes under a key of another.
func TestKeys(t *testing.T) {
	f := func(name string, key *std.PublicKey) {
		t.Helper()
		for _, of := range []func(*std.PublicKey) (*PublicKey, error){NewPublicKey, NewCompactPublicKey} {
			if k, err := of(key); !errors.Is(err, ErrPublicKey) || k != nil {
				t.Errorf("%s: %v, %v, want %v", name, k, err, ErrPublicKey)
			}
		}
	}
	c := elliptic.P256()
	x, y := rfc6979.public.X, rfc6979.public.Y
	f("nil", nil)
	f("nothing", &std.PublicKey{})
	f("no x", &std.PublicKey{Curve: c, Y: y})
	f("no y", &std.PublicKey{Curve: c, X: x})
	f("no curve", &std.PublicKey{X: x, Y: y})
	f("P-224", &std.PublicKey{Curve: elliptic.P224(), X: elliptic.P224().Params().Gx, Y: elliptic.P224().Params().Gy})
	f("a curve of somebody's own", &std.PublicKey{Curve: c.Params(), X: x, Y: y})
	f("infinity", &std.PublicKey{Curve: c, X: new(big.Int), Y: new(big.Int)})
	f("x and y in one another's place", &std.PublicKey{Curve: c, X: y, Y: x})
	f("negative x", &std.PublicKey{Curve: c, X: new(big.Int).Neg(x), Y: y})
	f("negative y", &std.PublicKey{Curve: c, X: x, Y: new(big.Int).Neg(y)})
	f("x + p", &std.PublicKey{Curve: c, X: new(big.Int).Add(x, p), Y: y})
	f("y + p", &std.PublicKey{Curve: c, X: x, Y: new(big.Int).Add(y, p)})
	f("y + 1", &std.PublicKey{Curve: c, X: x, Y: new(big.Int).Add(y, big.NewInt(1))})
	f("a point of P-384", &std.PublicKey{Curve: c, X: elliptic.P384().Params().Gx, Y: elliptic.P384().Params().Gy})
	f("a point of P-256 on P-384", &std.PublicKey{Curve: elliptic.P384(), X: x, Y: y})
	// x = p for the point with x = 0.
	root := new(big.Int).ModSqrt(c.Params().B, p)
	f("x = p", &std.PublicKey{Curve: c, X: p, Y: root})
	agree(t, paths(), &std.PublicKey{Curve: c, X: new(big.Int), Y: root}, rfc6979.digest, rfc6979.good, false)

	for _, c := range []elliptic.Curve{elliptic.P384(), elliptic.P521()} {
		size := (c.Params().BitSize + 7) / 8
		private, err := std.GenerateKey(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		digest := bytes.Repeat([]byte{7}, 64)
		r, s, err := std.Sign(nothingRandom{}, private, digest)
		if err != nil {
			t.Fatal(err)
		}
		sig := append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		list := paths()
		agree(t, list, &private.PublicKey, digest, sig, true)
		agree(t, list, &private.PublicKey, digest, rfc6979.good, false)
		agree(t, list, &private.PublicKey, digest, sig[:len(sig)-1], false)
		agree(t, list, &private.PublicKey, digest, append([]byte{0}, sig...), false)
		sig[0] ^= 1
		agree(t, list, &private.PublicKey, digest, sig, false)
		agree(t, list, &private.PublicKey, digest, make([]byte, 2*size), false)
		agree(t, list, rfc6979.public, digest, sig, false)
	}
	for _, k := range []*PublicKey{nil, {}} {
		for _, b := range backends {
			if k.verify(b, rfc6979.digest, rfc6979.good) {
				t.Errorf("%s: what is no key verifies", b)
			}
		}
	}
}

// A key is a copy: what happens to the caller's numbers afterwards changes nothing.
func TestKeyIsACopy(t *testing.T) {
	for _, c := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		private, err := std.GenerateKey(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, s, err := std.Sign(nothingRandom{}, private, rfc6979.digest)
		if err != nil {
			t.Fatal(err)
		}
		size := c.Params().BitSize / 8
		sig := append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		k, err := NewPublicKey(&private.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		private.PublicKey.X.SetInt64(1)
		private.PublicKey.Y = nil
		if !k.Verify(rfc6979.digest, sig) {
			t.Errorf("%s: the key has changed with what it was made of", c.Params().Name)
		}
	}
}
