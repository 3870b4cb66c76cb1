package ecdsa

//lint:file-ignore SA1019 keys that are none have coordinates too

import (
	std "crypto/ecdsa"
	"crypto/elliptic"
	"math/big"
	"testing"
)

// FuzzVerify compares every path with crypto/ecdsa on any bytes at all.
func FuzzVerify(f *testing.F) {
	x, y := rfc6979.public.X.Bytes(), rfc6979.public.Y.Bytes()
	f.Add(x, y, rfc6979.digest, rfc6979.good)
	f.Add(x, y, rfc6979.digest, rfc6979.bad)
	f.Add(y, x, rfc6979.digest, rfc6979.good)
	f.Add([]byte(nil), []byte(nil), []byte(nil), make([]byte, 64))
	list := paths()
	f.Fuzz(func(t *testing.T, x, y, digest, sig []byte) {
		key := &std.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
		want := oracle(key, digest, sig)
		for _, p := range list {
			if got := p.verify(key, digest, sig); got != want {
				t.Errorf("%s: %v, want %v", p.name, got, want)
			}
		}
	})
}

// FuzzSigned takes a case that TestGenerated makes from a seed, most of them good
// signatures under keys made to meet exceptions, and changes one byte of it, or
// none.
func FuzzSigned(f *testing.F) {
	f.Add(uint64(0), uint16(0), byte(0))
	f.Add(uint64(1), uint16(63), byte(0x10))
	f.Add(uint64(2), uint16(70), byte(1))
	list := paths()
	m := newMaker(3)
	f.Fuzz(func(t *testing.T, seed uint64, at uint16, flip byte) {
		m.reseed(seed)
		k, digest, sig := m.next()
		all := append(append([]byte(nil), sig...), digest...)
		if len(all) > 0 {
			all[int(at)%len(all)] ^= flip
		}
		sig, digest = all[:len(sig)], all[len(sig):]
		want := oracle(k.public, digest, sig)
		for _, p := range list {
			if got := p.verify(k.public, digest, sig); got != want {
				t.Errorf("%s: %v, want %v", p.name, got, want)
			}
		}
	})
}
