package field

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

var (
	p, _ = new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
	r    = new(big.Int).Lsh(big.NewInt(1), 256)
	invR = new(big.Int).ModInverse(r, p)
)

func fromWords(w [4]uint64) *big.Int {
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

// elements yields n elements with words at and near edges, those around 0 and p
// first.
func elements(n int) func(func(Element) bool) {
	return func(yield func(Element) bool) {
		r := rand.New(rand.NewPCG(256, 1))
		words := []uint64{0, 1, 2, 1<<32 - 1, 1 << 32, 1<<32 + 1, p3 - 1, p3, p3 - 2, 1<<63 - 1, 1 << 63, 1<<64 - 2, 1<<64 - 1}
		for i := range int64(8) {
			if !yield(toWords(big.NewInt(i))) || !yield(toWords(new(big.Int).Sub(p, big.NewInt(i+1)))) {
				return
			}
		}
		for range n {
			var e Element
			for i := range e {
				if e[i] = words[r.IntN(len(words))]; r.IntN(3) == 0 {
					e[i] = r.Uint64()
				}
			}
			if fromWords(e).Cmp(p) < 0 && !yield(e) {
				return
			}
		}
	}
}

// value is the number that the element stands for.
func value(e *Element) *big.Int {
	v := fromWords(*e)
	return v.Mul(v, invR).Mod(v, p)
}

func equalBig(t *testing.T, op string, got *Element, want *big.Int, of ...Element) {
	t.Helper()
	if fromWords(*got).Cmp(p) >= 0 {
		t.Fatalf("%s of %x is %x, which is not below p", op, of, *got)
	}
	if w := want.Mod(want, p); value(got).Cmp(w) != 0 {
		t.Fatalf("%s of %x is %x, want %x", op, of, value(got), w)
	}
}

// Sums, differences, products, squares and inverses agree with math/big, are
// below p, and may be written over their operands.
func TestArithmetic(t *testing.T) {
	ops := []struct {
		name string
		do   func(e, a, b *Element) *Element
		want func(a, b *big.Int) *big.Int
	}{
		{"Add", (*Element).Add, func(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }},
		{"Sub", (*Element).Sub, func(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }},
		{"Mul", (*Element).Mul, func(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }},
		{"Square", func(e, a, _ *Element) *Element { return e.Square(a) }, func(a, _ *big.Int) *big.Int { return new(big.Int).Mul(a, a) }},
		{"Neg", func(e, a, _ *Element) *Element { return e.Neg(a) }, func(a, _ *big.Int) *big.Int { return new(big.Int).Neg(a) }},
		{"Invert", func(e, a, _ *Element) *Element { return e.Invert(a) }, func(a, _ *big.Int) *big.Int {
			if a.Sign() == 0 {
				return new(big.Int)
			}
			return new(big.Int).ModInverse(a, p)
		}},
	}
	var b Element
	for a := range elements(5000) {
		for _, op := range ops {
			var got, same Element
			op.do(&got, &a, &b)
			equalBig(t, op.name, &got, op.want(value(&a), value(&b)), a, b)
			op.do(&same, &a, &a)
			x, y, z := a, b, a
			if op.do(&x, &x, &b); x != got {
				t.Fatalf("%s(x, x, b) is %x, want %x", op.name, x, got)
			}
			if op.do(&y, &a, &y); y != got {
				t.Fatalf("%s(y, a, y) is %x, want %x", op.name, y, got)
			}
			if op.do(&z, &z, &z); z != same {
				t.Fatalf("%s(z, z, z) is %x, want %x", op.name, z, same)
			}
		}
		b = a
	}
}

// The constants are what their comments say.
func TestConstants(t *testing.T) {
	f := func(name string, got Element, exponent uint) {
		t.Helper()
		want := new(big.Int).Lsh(big.NewInt(1), exponent)
		if want.Mod(want, p); fromWords(got).Cmp(want) != 0 {
			t.Errorf("%s is %x, want %x", name, fromWords(got), want)
		}
	}
	f("One", One, 256)
	f("square", square, 512)
	f("cube", cube, 768)
	if fromWords(prime.Words).Cmp(p) != 0 {
		t.Errorf("p is %x, want %x", fromWords(prime.Words), p)
	}
	if got := new(big.Int).Add(p, big.NewInt(1)); got.TrailingZeroBits() != 96 {
		t.Errorf("-1/p is not 1 modulo 2^60")
	}
}

// SetBytes takes exactly what is below p, and Words gives it back.
func TestSetBytes(t *testing.T) {
	f := func(v *big.Int, want bool) {
		t.Helper()
		var e Element
		var b [32]byte
		if got := e.SetBytes((*[32]byte)(v.FillBytes(b[:]))); got != want {
			t.Fatalf("SetBytes(%x) is %v, want %v", v, got, want)
		}
		if want && fromWords(e.Words()).Cmp(v) != 0 {
			t.Fatalf("SetBytes(%x) sets %x", v, e.Words())
		}
		if want && e.IsZero() != (v.Sign() == 0) {
			t.Fatalf("IsZero of %x is %v", v, e.IsZero())
		}
	}
	for i := range int64(40) {
		f(big.NewInt(i), true)
		f(new(big.Int).Sub(p, big.NewInt(i+1)), true)
		f(new(big.Int).Add(p, big.NewInt(i)), false)
		f(new(big.Int).Sub(r, big.NewInt(i+1)), false)
	}
	for bit := range uint(256) {
		v := new(big.Int).Lsh(big.NewInt(1), bit)
		f(v, v.Cmp(p) < 0)
	}
	for a := range elements(2000) {
		f(fromWords(a), true)
	}
}

func BenchmarkMul(b *testing.B) {
	x := One
	y := Element{5, 6, 7, 8}
	b.Run("op=mul", func(b *testing.B) {
		for b.Loop() {
			x.Mul(&x, &y)
		}
	})
	b.Run("op=square", func(b *testing.B) {
		for b.Loop() {
			x.Square(&x)
		}
	})
	b.Run("op=sub", func(b *testing.B) {
		for b.Loop() {
			x.Sub(&x, &y)
		}
	})
	b.Run("op=invert", func(b *testing.B) {
		for b.Loop() {
			x.Invert(&x)
		}
	})
}
