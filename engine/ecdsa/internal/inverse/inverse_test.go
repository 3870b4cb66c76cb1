package inverse

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func toBig(w [4]uint64) *big.Int {
	v := new(big.Int)
	for i := 3; i >= 0; i-- {
		v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(w[i]))
	}
	return v
}

func toWords(v *big.Int) (w [4]uint64) {
	v = new(big.Int).Set(v)
	mask := new(big.Int).SetUint64(1<<64 - 1)
	for i := range w {
		w[i] = new(big.Int).And(v, mask).Uint64()
		v.Rsh(v, 64)
	}
	return w
}

// Inverses agree with math/big and are below the modulus, for both moduli of
// P-256 and the least and the largest there may be, for numbers around 0 and the
// modulus, for sums and differences of two powers of two, a fifth of all, and for any.
func TestOf(t *testing.T) {
	pair := new(big.Int).Lsh(big.NewInt(1), 2*round)
	for _, hex := range []string{
		"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff43", // the largest prime
		"800000000000000000000000000000000000000000000000000000000000005f", // the least
	} {
		modulus, _ := new(big.Int).SetString(hex, 16)
		k := new(big.Int).ModInverse(modulus, pair)
		m := Modulus{toWords(modulus), k.Sub(pair, k).Uint64()}
		f := func(a *big.Int) {
			t.Helper()
			a = new(big.Int).Mod(a, modulus)
			want := new(big.Int)
			if a.Sign() > 0 {
				want.ModInverse(a, modulus)
			}
			words := toWords(a)
			var got [4]uint64
			if m.Of(&got, &words); toBig(got).Cmp(want) != 0 {
				t.Fatalf("1/%x modulo %x is %x, want %x", a, modulus, toBig(got), want)
			}
			if m.Of(&words, &words); words != got {
				t.Fatalf("1/%x in place is %x, want %x", a, words, got)
			}
		}
		for i := range int64(64) {
			f(big.NewInt(i))
			f(big.NewInt(-i))
		}
		for i := range uint(256) {
			for j := i % 5; j < i; j += 5 {
				a, b := new(big.Int).Lsh(big.NewInt(1), i), new(big.Int).Lsh(big.NewInt(1), j)
				f(new(big.Int).Add(a, b))
				f(a.Sub(a, b))
			}
		}
		r := rand.New(rand.NewPCG(5, 6))
		for range 5000 {
			var w [4]uint64
			for i := range w {
				if w[i] = r.Uint64() >> r.UintN(64); r.IntN(4) == 0 {
					w[i] = ^uint64(0)
				}
			}
			f(toBig(w))
		}
	}
}
