package ed25519

import (
	std "crypto/ed25519"
	"errors"
	"math/rand/v2"
	"testing"

	"filippo.io/edwards25519"
)

// What is not a key is an error, and its own one.
func TestNewPublicKeyErrors(t *testing.T) {
	f := func(key []byte) {
		t.Helper()
		for _, of := range []func([]byte) (*PublicKey, error){NewPublicKey, NewCompactPublicKey} {
			if k, err := of(key); k != nil || !errors.Is(err, ErrPublicKey) {
				t.Errorf("of %x: key %v, error %v, want %v", key, k, err, ErrPublicKey)
			}
		}
	}
	// no bytes, one too few and one too many
	f(nil)
	f(make([]byte, PublicKeySize-1))
	f(make([]byte, PublicKeySize+1))
	// y = 2 and y = p+2, for which (y^2-1)/(dy^2+1) is no square
	f(unhex("0200000000000000000000000000000000000000000000000000000000000000"))
	f(unhex("0200000000000000000000000000000000000000000000000000000000000080"))
	f(unhex("efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"))
}

// NewPublicKey accepts exactly the keys that Go decodes.
func TestNewPublicKeyDecodes(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 100 {
		var key [PublicKeySize]byte
		for i := range key {
			key[i] = byte(r.Uint32())
		}
		_, want := new(edwards25519.Point).SetBytes(key[:])
		if _, got := NewCompactPublicKey(key[:]); (got == nil) != (want == nil) {
			t.Errorf("key %x: %v, want %v", key, got, want)
		}
	}
}

// Keys of small order and keys not encoded canonically are told apart.
func TestKeyKinds(t *testing.T) {
	f := func(key string, canonical, small bool) {
		t.Helper()
		k, err := NewCompactPublicKey(unhex(key))
		if err != nil {
			t.Errorf("key %s: %v", key, err)
			return
		}
		if k.IsCanonical() != canonical || k.IsSmallOrder() != small {
			t.Errorf("key %s: canonical %v, small order %v, want %v, %v", key, k.IsCanonical(), k.IsSmallOrder(), canonical, small)
		}
	}
	// the key of RFC 8032, Section 7.1, Test 1
	f("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", true, false)
	// the neutral element, its -0, y = p+1 and both
	f("0100000000000000000000000000000000000000000000000000000000000000", true, true)
	f("0100000000000000000000000000000000000000000000000000000000000080", false, true)
	f("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false, true)
	f("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false, true)
	// (0, -1) of order 2, and its -0
	f("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true, true)
	f("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false, true)
	// order 4, also with y = p
	f("0000000000000000000000000000000000000000000000000000000000000000", true, true)
	f("0000000000000000000000000000000000000000000000000000000000000080", true, true)
	f("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false, true)
	f("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false, true)
	// order 8
	f("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", true, true)
	f("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", true, true)
	f("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", true, true)
	f("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", true, true)
	// y = 3 and y = p+3: large order, the second not canonical
	f("0300000000000000000000000000000000000000000000000000000000000000", true, false)
	f("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false, false)
}

// A key keeps no slice of its caller's, and the zero and nil keys verify nothing.
func TestPublicKeyOwnsItsBytes(t *testing.T) {
	key := append([]byte(nil), neighbour.key.encoded[:]...)
	k, err := NewPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	clear(key)
	if !k.Verify(neighbour.message, neighbour.good) {
		t.Error("the key changed with the slice it was made from")
	}
	var none *PublicKey
	if new(PublicKey).Verify(neighbour.message, neighbour.good) || none.Verify(neighbour.message, neighbour.good) {
		t.Error("no key verified a signature")
	}
	if !std.Verify(neighbour.key.encoded[:], neighbour.message, neighbour.good) {
		t.Error("the signature is not good in the first place")
	}
}
