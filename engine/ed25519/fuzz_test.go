package ed25519

import (
	"bytes"
	std "crypto/ed25519"
	"testing"
)

// FuzzVerify compares every path with crypto/ed25519 on any bytes at all.
func FuzzVerify(f *testing.F) {
	seed := func(key, message, sig []byte) { f.Add(key, message, sig) }
	seed(neighbour.key.encoded[:], neighbour.message, neighbour.good)
	seed(neighbour.key.encoded[:], neighbour.message, neighbour.bad)
	seed(make([]byte, 32), nil, make([]byte, 64))
	seed(unhex(neutral), []byte("x"), append(unhex(neutral), make([]byte, 32)...))
	seed(unhex(order8), []byte("y"), append(unhex(order4), make([]byte, 32)...))
	list := paths()
	f.Fuzz(func(t *testing.T, key, message, sig []byte) {
		want := oracle(key, message, sig)
		for _, p := range list {
			if got := p.verify(key, message, sig); got != want {
				t.Errorf("%s: %v, want %v", p.name, got, want)
			}
		}
	})
}

// FuzzSigned starts from a good signature of one of a few keys, whose tables the
// paths keep, and changes one byte of it, of the key or of the message, or none.
func FuzzSigned(f *testing.F) {
	f.Add(byte(0), []byte("message"), uint16(0), byte(0))
	f.Add(byte(1), []byte("message"), uint16(63), byte(0x10))
	f.Add(byte(2), []byte("message"), uint16(70), byte(1))
	f.Add(byte(3), []byte(nil), uint16(96), byte(0x80))
	list := paths()
	f.Fuzz(func(t *testing.T, which byte, message []byte, at uint16, flip byte) {
		private := std.NewKeyFromSeed(bytes.Repeat([]byte{which % 8}, std.SeedSize))
		all := bytes.Join([][]byte{std.Sign(private, message), private[32:], message}, nil)
		all[int(at)%len(all)] ^= flip
		sig, key, message := all[:64], all[64:96], all[96:]
		want := oracle(key, message, sig)
		if flip == 0 && !want {
			t.Fatal("crypto/ed25519 refuses its own signature")
		}
		for _, p := range list {
			if got := p.verify(key, message, sig); got != want {
				t.Errorf("%s: %v, want %v", p.name, got, want)
			}
		}
	})
}
