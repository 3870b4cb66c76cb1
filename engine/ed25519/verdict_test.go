package ed25519

import (
	"crypto/sha512"
	"encoding/hex"
	"math/big"
	"testing"

	"filippo.io/edwards25519"
)

// scalarOf returns n modulo L for the other library.
func scalarOf(t testing.TB, n int64) *edwards25519.Scalar {
	t.Helper()
	b := [32]byte{byte(n), byte(n >> 8)}
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A forger knows the private scalar a and makes signatures with whatever
// torsion and encoding a case asks for.
type forger struct {
	t *testing.T
	a *edwards25519.Scalar
}

func (f forger) point(encoding string) *edwards25519.Point {
	f.t.Helper()
	p, err := new(edwards25519.Point).SetBytes(unhex(encoding))
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// sign returns the signature with R = [r]B + low, encoded as given or
// canonically where given is "", under the key a*B with the encoding key.
func (f forger) sign(key []byte, r int64, low *edwards25519.Point, given string, message []byte) []byte {
	nonce := scalarOf(f.t, r)
	point := new(edwards25519.Point).ScalarBaseMult(nonce)
	encoded := point.Add(point, low).Bytes()
	if given != "" {
		encoded = unhex(given)
	}
	digest := sha512.Sum512(append(append(append([]byte(nil), encoded...), key...), message...))
	k, err := new(edwards25519.Scalar).SetUniformBytes(digest[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return append(encoded, new(edwards25519.Scalar).MultiplyAdd(k, f.a, nonce).Bytes()...)
}

const (
	neutral     = "0100000000000000000000000000000000000000000000000000000000000000"
	neutralSign = "0100000000000000000000000000000000000000000000000000000000000080"
	neutralP    = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
	order2      = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
	order4      = "0000000000000000000000000000000000000000000000000000000000000000"
	order4P     = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
	order8      = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
)

// The acceptance rule case by case, on every path. Each case says what the
// rule without the cofactor must answer; crypto/ed25519 must agree.
func TestVerdicts(t *testing.T) {
	list := paths()
	zero := scalarOf(t, 0)
	large := forger{t, scalarOf(t, 12345)}
	small := forger{t, zero}
	b := func(n int64) *edwards25519.Point { return new(edwards25519.Point).ScalarBaseMult(scalarOf(t, n)) }
	plus := func(p, q *edwards25519.Point) []byte { return new(edwards25519.Point).Add(p, q).Bytes() }
	id := edwards25519.NewIdentityPoint()
	message := []byte("case by case")

	f := func(key, sig []byte, want bool) {
		t.Helper()
		agree(t, list, key, message, sig, want)
	}
	// search looks for a message under which f's signature is good, which for
	// small order depends on the hash modulo 8, and returns both.
	search := func(key []byte, sign func(m []byte) []byte, want bool) (m, sig []byte) {
		t.Helper()
		for i := range 256 {
			m = []byte{byte(i)}
			sig = sign(m)
			if oracle(key, m, sig) == want {
				return m, sig
			}
		}
		t.Fatalf("no message makes the verdict %v for key %x", want, key)
		return nil, nil
	}

	// an honest key, an honest signature
	key := b(12345).Bytes()
	honest := large.sign(key, 99, id, "", message)
	f(key, honest, true)
	// R = neutral element and S = k*a: r = 0 is a nonce as any other
	f(key, large.sign(key, 0, id, "", message), true)
	// the neutral element for R with a sign bit, and with y = p+1: not canonical
	f(key, large.sign(key, 0, id, neutralSign, message), false)
	f(key, large.sign(key, 0, id, neutralP, message), false)
	// R with a component of order 2, 4 and 8: the cofactor would hide it
	f(key, large.sign(key, 99, large.point(order2), "", message), false)
	f(key, large.sign(key, 99, large.point(order4), "", message), false)
	f(key, large.sign(key, 99, large.point(order8), "", message), false)
	// R of small order
	f(key, large.sign(key, 0, large.point(order8), "", message), false)

	// A = neutral element: S = r for any message
	f(unhex(neutral), small.sign(unhex(neutral), 5, id, "", message), true)
	// the same A with a sign on x = 0, and with y = p+1: hashed as received
	f(unhex(neutralSign), small.sign(unhex(neutralSign), 5, id, "", message), true)
	f(unhex(neutralP), small.sign(unhex(neutralP), 5, id, "", message), true)
	// the signature of one encoding does not hold for the other of A
	f(key, small.sign(unhex(neutral), 5, id, "", message), false)
	// everything zero: A of order 4, R of order 4, S = 0
	f(make([]byte, 32), make([]byte, 64), oracle(make([]byte, 32), message, make([]byte, 64)))

	// A of order 2, 4 and 8 and y = p: good where k divides the order
	for _, a := range []string{order2, order4, order4P, order8} {
		key := unhex(a)
		sign := func(m []byte) []byte { return small.sign(key, 7, id, "", m) }
		for _, want := range []bool{true, false} {
			m, sig := search(key, sign, want)
			agree(t, list, key, m, sig, want)
		}
	}
	// A of mixed order: the same holds for its torsion
	for _, low := range []string{order2, order4, order8} {
		key := plus(b(12345), large.point(low))
		sign := func(m []byte) []byte { return large.sign(key, 7, id, "", m) }
		for _, want := range []bool{true, false} {
			m, sig := search(key, sign, want)
			agree(t, list, key, m, sig, want)
		}
		// and R of mixed order may make up for it: R = rB - [k]T
		sign = func(m []byte) []byte { return large.sign(key, 7, large.point(low), "", m) }
		m, sig := search(key, sign, true)
		agree(t, list, key, m, sig, true)
	}

	// S + L, S + 2L, ... and S with high bits set: the same scalar, refused
	l, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := new(big.Int).SetBytes(reversed(honest[32:]))
	for i := int64(1); ; i++ {
		v := new(big.Int).Add(s, new(big.Int).Mul(l, big.NewInt(i)))
		if v.BitLen() > 256 {
			break
		}
		f(key, append(append([]byte(nil), honest[:32]...), reversed(v.FillBytes(make([]byte, 32)))...), false)
	}
	for bit := 253; bit < 256; bit++ {
		sig := append([]byte(nil), honest...)
		sig[32+bit/8] |= 1 << (bit % 8)
		f(key, sig, false)
	}
	// S = L - 1, L and L + 1 with nothing right about them
	for d := int64(-1); d <= 1; d++ {
		v := new(big.Int).Add(l, big.NewInt(d))
		f(key, append(append([]byte(nil), honest[:32]...), reversed(v.FillBytes(make([]byte, 32)))...), false)
	}
	// every bit of the signature flipped
	for bit := range 512 {
		sig := append([]byte(nil), honest...)
		sig[bit/8] ^= 1 << (bit % 8)
		f(key, sig, false)
	}
	// signatures one byte short, one byte long, and empty
	f(key, honest[:63], false)
	f(key, append(append([]byte(nil), honest...), 0), false)
	f(key, nil, false)
	// keys that do not decode
	for _, bad := range []string{"02" + neutral[2:], "efff" + order2[4:]} {
		f(unhex(bad), honest, false)
	}
	// a key with its sign flipped
	flipped := append([]byte(nil), key...)
	flipped[31] ^= 128
	f(flipped, honest, false)
	if hex.EncodeToString(id.Bytes()) != neutral {
		t.Error("the neutral element is not what the table takes it for")
	}
}

func reversed(b []byte) []byte {
	r := make([]byte, len(b))
	for i, v := range b {
		r[len(b)-1-i] = v
	}
	return r
}
