package keyset

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"testing"
)

// rocaModulus is a number of bits bits that has the shape, for a random power and
// factor. M is the product of the first primes, as for keys of any length.
func rocaModulus(t *testing.T, bits int) *big.Int {
	t.Helper()
	m := big.NewInt(2)
	for _, p := range rocaPrimes {
		m.Mul(m, new(big.Int).SetUint64(p))
	}
	power, err := rand.Int(rand.Reader, m)
	if err != nil {
		t.Fatal(err)
	}
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	n.Div(n, m)
	n.Add(n, power) // the factor, random in its lower bits
	n.Mul(n, m)
	return n.Add(n, new(big.Int).Exp(big.NewInt(65537), power, m))
}

func rsaSet(n *big.Int) []byte {
	return fmt.Appendf(nil, `{"keys":[{"kty":"RSA","kid":"r","alg":"RS256","n":%q,"e":"AQAB"}]}`, base64.RawURLEncoding.EncodeToString(n.Bytes()))
}

func TestROCAKeysAreRefused(t *testing.T) {
	for _, bits := range []int{2048, 3072, 4096} {
		n := rocaModulus(t, bits)
		if n.BitLen() != bits {
			t.Fatalf("%d bits, not %d", n.BitLen(), bits)
		}
		set, refused, err := Parse(rsaSet(n))
		if err != nil || set.Len() != 0 || len(refused) != 1 || !errors.Is(refused[0].Err, ErrROCA) {
			t.Errorf("%d bits: %d keys, refused %v (%v), not ErrROCA", bits, set.Len(), refused, err)
		}
		// Two away it has the shape no more.
		if set, refused, err := Parse(rsaSet(n.Add(n, big.NewInt(2)))); err != nil || set.Len() != 1 {
			t.Errorf("%d bits, plus two: %d keys, refused %v (%v)", bits, set.Len(), refused, err)
		}
	}
}

// Random odd numbers, as far as this shape goes as good as moduli, pass.
func TestOtherModuliPass(t *testing.T) {
	for range 2000 {
		n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 2048))
		if err != nil {
			t.Fatal(err)
		}
		if hasROCAShape(n.SetBit(n, 0, 1)) {
			t.Errorf("%x has the shape", n)
		}
	}
}
