package scalar

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

var (
	n, _ = new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	p, _ = new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
	top  = new(big.Int).Lsh(big.NewInt(1), 256)
)

func toBig(w [4]uint64) *big.Int {
	v := new(big.Int)
	for i := 3; i >= 0; i-- {
		v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(w[i]))
	}
	return v
}

func fromBig(v *big.Int) (s Scalar) {
	var b [32]byte
	s.set((*[32]byte)(v.FillBytes(b[:])))
	return s
}

// numbers yields numbers below 2^256: around 0, n, p and 2^256, powers of two, and
// some with words at edges.
func numbers(count int) func(func(*big.Int) bool) {
	return func(yield func(*big.Int) bool) {
		for i := range int64(40) {
			for _, v := range []*big.Int{
				big.NewInt(i), new(big.Int).Sub(n, big.NewInt(i+1)), new(big.Int).Add(n, big.NewInt(i)),
				new(big.Int).Add(p, big.NewInt(i-20)), new(big.Int).Sub(top, big.NewInt(i+1)),
				new(big.Int).Add(new(big.Int).Sub(p, n), big.NewInt(i-20)),
			} {
				if !yield(v) {
					return
				}
			}
		}
		for bit := range uint(256) {
			if !yield(new(big.Int).Lsh(big.NewInt(1), bit)) {
				return
			}
		}
		r := rand.New(rand.NewPCG(3, 4))
		words := []uint64{0, 1, 1<<64 - 1, 1<<64 - 2, 1 << 63, 0x7f7f7f7f7f7f7f7f, 0x8080808080808080, order[0], order[1], order[3]}
		for range count {
			var s Scalar
			for i := range s {
				if s[i] = words[r.IntN(len(words))]; r.IntN(3) == 0 {
					s[i] = r.Uint64()
				}
			}
			if !yield(toBig(s)) {
				return
			}
		}
	}
}

// SetBytes accepts exactly what is in [1, n), and SetDigest takes the rest modulo n.
func TestSet(t *testing.T) {
	for v := range numbers(5000) {
		var b [32]byte
		v.FillBytes(b[:])
		var s, d Scalar
		if got, want := s.SetBytes(&b), v.Sign() > 0 && v.Cmp(n) < 0; got != want || toBig(s).Cmp(v) != 0 {
			t.Fatalf("SetBytes(%x) is %v and sets %x, want %v", v, got, toBig(s), want)
		}
		d.SetDigest(b[:])
		if want := new(big.Int).Mod(v, n); toBig(d).Cmp(want) != 0 {
			t.Fatalf("SetDigest(%x) sets %x, want %x", v, toBig(d), want)
		}
		d.SetDigest(append(b[:], 1, 2, 3))
		if want := new(big.Int).Mod(v, n); toBig(d).Cmp(want) != 0 {
			t.Fatalf("SetDigest(%x) and three bytes more sets %x, want %x", v, toBig(d), want)
		}
		for short := range b {
			d.SetDigest(b[:short])
			if want := new(big.Int).SetBytes(b[:short]); toBig(d).Cmp(want) != 0 {
				t.Fatalf("SetDigest(%x) sets %x", b[:short], toBig(d))
			}
		}
	}
}

// Products and inverses agree with math/big, also over their operands.
func TestMulInvert(t *testing.T) {
	invR := new(big.Int).ModInverse(top, n)
	b := Scalar{1}
	for v := range numbers(5000) {
		a := fromBig(new(big.Int).Mod(v, n))
		var got Scalar
		got.Mul(&a, &b)
		want := new(big.Int).Mul(toBig(a), toBig(b))
		if want.Mul(want, invR).Mod(want, n); toBig(got).Cmp(want) != 0 {
			t.Fatalf("%x * %x / 2^256 is %x, want %x", a, b, toBig(got), want)
		}
		x, y := a, b
		if x.Mul(&x, &b); x != got {
			t.Fatalf("Mul(x, x, b) is %x, want %x", x, got)
		}
		if y.Mul(&a, &y); y != got {
			t.Fatalf("Mul(y, a, y) is %x, want %x", y, got)
		}
		want = new(big.Int)
		if a != (Scalar{}) {
			want.ModInverse(toBig(a), n)
		}
		want.Mul(want, top).Mod(want, n)
		if got.Invert(&a); toBig(got).Cmp(want) != 0 {
			t.Fatalf("2^256 / %x is %x, want %x", a, toBig(got), want)
		}
		x = a
		if x.Invert(&x); x != got {
			t.Fatalf("Invert(x, x) is %x, want %x", x, got)
		}
		b = a
	}
	var list, each []Scalar
	for v := range numbers(200) {
		if v = new(big.Int).Mod(v, n); v.Sign() > 0 {
			list = append(list, fromBig(v))
		}
	}
	for i := range list {
		var one Scalar
		one.Invert(&list[i])
		each = append(each, one)
	}
	for from := 0; from+8 <= len(list); from++ {
		size := from % 9
		got := append([]Scalar(nil), list[from:from+size]...)
		InvertAll(got)
		for i := range got {
			if got[i] != each[from+i] {
				t.Fatalf("2^256 / %x among %d is %x, want %x", list[from+i], size, got[i], each[from+i])
			}
		}
	}
	if k := new(big.Int).Mul(n, new(big.Int).SetUint64(minusInverse)); k.Add(k, big.NewInt(1)).TrailingZeroBits() < 64 {
		t.Error("minusInverse is not -1/n modulo 2^64")
	}
	if want := new(big.Int).Exp(big.NewInt(2), big.NewInt(512), n); toBig(square).Cmp(want) != 0 {
		t.Errorf("square is %x, want %x", toBig(square), want)
	}
}

// PlusOrder is s + n where that is below p.
func TestPlusOrder(t *testing.T) {
	for v := range numbers(5000) {
		if v.Cmp(n) >= 0 {
			continue
		}
		s := fromBig(v)
		sum := new(big.Int).Add(v, n)
		got, ok := s.PlusOrder()
		if ok != (sum.Cmp(p) < 0) || ok && toBig(got).Cmp(sum) != 0 {
			t.Fatalf("PlusOrder of %x is %x, %v", v, toBig(got), ok)
		}
	}
}

// Digits add up to the scalar modulo n and stay within their windows.
func TestDigits(t *testing.T) {
	for v := range numbers(5000) {
		if v.Cmp(n) >= 0 {
			continue
		}
		s := fromBig(v)
		sum := func(c []int8, bits uint) {
			t.Helper()
			w := new(big.Int)
			for i := len(c) - 1; i >= 0; i-- {
				if d := int(c[i]); d < -1<<(bits-1) || d > 1<<(bits-1)-1 {
					t.Fatalf("digit %d of %x is %d", i, v, d)
				}
				w.Lsh(w, bits).Add(w, big.NewInt(2*int64(c[i])+1))
			}
			if w.Mod(w, n).Cmp(v) != 0 {
				t.Fatalf("digits of %d bits of %x make %x", bits, v, w)
			}
		}
		c8, c4 := s.Digits8(), s.Digits4()
		sum(c8[:], 8)
		sum(c4[:], 4)
	}
}

func BenchmarkScalar(b *testing.B) {
	x, y := Scalar{1, 2, 3, 4}, Scalar{5, 6, 7, 8}
	b.Run("op=mul", func(b *testing.B) {
		for b.Loop() {
			x.Mul(&x, &y)
		}
	})
	b.Run("op=invert", func(b *testing.B) {
		for b.Loop() {
			x.Invert(&x)
		}
	})
	b.Run("op=digits8", func(b *testing.B) {
		for b.Loop() {
			x.Digits8()
		}
	})
}
