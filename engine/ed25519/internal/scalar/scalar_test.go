package scalar

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"
)

var l, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func (s *Scalar) big() *big.Int {
	v := new(big.Int)
	for i := 3; i >= 0; i-- {
		v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(s[i]))
	}
	return v
}

func little(v *big.Int, n int) []byte {
	b := v.FillBytes(make([]byte, n))
	for i := range n / 2 {
		b[i], b[n-1-i] = b[n-1-i], b[i]
	}
	return b
}

// The constants are what their comments say.
func TestConstants(t *testing.T) {
	if order.big().Cmp(l) != 0 {
		t.Errorf("order is %x, want %x", order.big(), l)
	}
	m := new(big.Int).Lsh(big.NewInt(1), 512)
	m.Div(m, l)
	for i, w := range mu {
		if got := new(big.Int).And(new(big.Int).Rsh(m, uint(64*i)), new(big.Int).SetUint64(1<<64-1)); got.Uint64() != w {
			t.Errorf("mu[%d] is %#x, want %#x", i, w, got)
		}
	}
}

// SetCanonical accepts exactly what is below L.
func TestSetCanonical(t *testing.T) {
	f := func(v *big.Int, want bool) {
		t.Helper()
		var s Scalar
		if got := s.SetCanonical((*[32]byte)(little(v, 32))); got != want {
			t.Fatalf("SetCanonical(%x) is %v, want %v", v, got, want)
		}
		if want && s.big().Cmp(v) != 0 {
			t.Fatalf("SetCanonical(%x) sets %x", v, s.big())
		}
	}
	for i := range int64(40) {
		f(big.NewInt(i), true)
		f(new(big.Int).Sub(l, big.NewInt(i+1)), true)
		f(new(big.Int).Add(l, big.NewInt(i)), false)
		f(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(i+1)), false)
	}
	for bit := range uint(256) {
		v := new(big.Int).Lsh(big.NewInt(1), bit)
		f(v, v.Cmp(l) < 0)
	}
}

// SetWide agrees with math/big, above all around multiples of L.
func TestSetWide(t *testing.T) {
	f := func(v *big.Int) {
		t.Helper()
		if v.Sign() < 0 || v.BitLen() > 512 {
			return
		}
		var s Scalar
		s.SetWide((*[64]byte)(little(v, 64)))
		if want := new(big.Int).Mod(v, l); s.big().Cmp(want) != 0 {
			t.Fatalf("%x modulo L is %x, want %x", v, s.big(), want)
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	top := new(big.Int).Lsh(big.NewInt(1), 512)
	for i := range 20000 {
		var b [64]byte
		for j := 0; j < 64; j += 8 {
			binary.LittleEndian.PutUint64(b[j:], r.Uint64()>>(r.UintN(2)*r.UintN(64)))
		}
		v := new(big.Int).SetBytes(b[:])
		f(v)
		q := new(big.Int).Div(v, l)
		f(q.Mul(q, l).Add(q, big.NewInt(int64(i%7)-3)))
		f(new(big.Int).Sub(top, big.NewInt(int64(i))))
		f(big.NewInt(int64(i)))
	}
}

// Digits add up to the scalar and stay within their windows.
func TestDigits(t *testing.T) {
	f := func(s Scalar) {
		t.Helper()
		sum := func(d []int8, bits uint) *big.Int {
			v := new(big.Int)
			for i := len(d) - 1; i >= 0; i-- {
				if n := int(d[i]); n < -1<<(bits-1) || n > 1<<(bits-1)-1 {
					t.Fatalf("digit %d of %x is %d", i, s.big(), n)
				}
				v.Lsh(v, bits).Add(v, big.NewInt(int64(d[i])))
			}
			return v
		}
		d8 := s.Digits8()
		if got := sum(d8[:], 8); got.Cmp(s.big()) != 0 {
			t.Fatalf("digits of 8 bits of %x make %x", s.big(), got)
		}
		d4 := s.Digits4()
		if got := sum(d4[:], 4); got.Cmp(s.big()) != 0 {
			t.Fatalf("digits of 4 bits of %x make %x", s.big(), got)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	f(Scalar{})
	largest := order
	largest[0]--
	f(largest)
	for _, pattern := range []uint64{0x7f7f7f7f7f7f7f7f, 0x8080808080808080, 0x7777777777777777, 0x8888888888888888, 1<<64 - 1} {
		f(Scalar{pattern, pattern, pattern, pattern & (1<<60 - 1)})
	}
	for range 20000 {
		f(Scalar{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64N(1 << 60)})
	}
}
