package field

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

var (
	p       = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	tight   = uint64(1<<51 + 1<<18 - 1)
	loose   = uint64(1<<54 - 1)
	edges   = []uint64{0, 1, 18, 19, 20, 1<<51 - 20, 1<<51 - 19, 1<<51 - 18, 1<<51 - 1, 1 << 51, 1<<51 + 1, 1<<51 + 1<<13}
	outside = []uint64{1<<52 - 38, 1<<52 - 2, 1<<52 - 1, 1 << 52, 1<<53 - 1, 1 << 53, 1<<54 - 1}
)

func (e *Element) big() *big.Int {
	v := new(big.Int)
	for i := 4; i >= 0; i-- {
		v.Lsh(v, 51).Add(v, new(big.Int).SetUint64(e[i]))
	}
	return v.Mod(v, p)
}

// elements yields n elements with limbs at and near edges up to limit, the
// extremes first.
func elements(limit uint64, n int) func(func(Element) bool) {
	return func(yield func(Element) bool) {
		r := rand.New(rand.NewPCG(25519, limit))
		for _, l := range []uint64{0, limit} {
			if !yield(Element{l, l, l, l, l}) {
				return
			}
		}
		for range n {
			var e Element
			for i := range e {
				switch r.IntN(3) {
				case 0:
					e[i] = r.Uint64N(limit + 1)
				case 1:
					e[i] = edges[r.IntN(len(edges))]
				case 2:
					e[i] = outside[r.IntN(len(outside))]
				}
				e[i] = min(e[i], limit)
			}
			if !yield(e) {
				return
			}
		}
	}
}

func isTight(e *Element) bool {
	return e[0] <= tight && e[1] <= tight && e[2] <= tight && e[3] <= tight && e[4] <= tight
}

func equalBig(t *testing.T, op string, got *Element, want *big.Int, of ...Element) {
	t.Helper()
	if w := want.Mod(want, p); got.big().Cmp(w) != 0 {
		t.Fatalf("%s of %x is %x, want %x", op, of, got.big(), w)
	}
}

// Products and squares of loose elements agree with math/big and are tight.
func TestMul(t *testing.T) {
	b := Element{loose, loose, loose, loose, loose}
	for a := range elements(loose, 20000) {
		var got Element
		got.Mul(&a, &b)
		equalBig(t, "Mul", &got, new(big.Int).Mul(a.big(), b.big()), a, b)
		if !isTight(&got) {
			t.Fatalf("Mul of %x and %x is %x, not tight", a, b, got)
		}
		got.Square(&a)
		equalBig(t, "Square", &got, new(big.Int).Mul(a.big(), a.big()), a)
		if !isTight(&got) {
			t.Fatalf("Square of %x is %x, not tight", a, got)
		}
		b = a
	}
}

// Sums and differences of tight elements agree with math/big and stay below
// the bounds that doc.go names.
func TestBounds(t *testing.T) {
	b := Element{tight, tight, tight, tight, tight}
	for a := range elements(tight, 20000) {
		var got Element
		got.Add(&a, &b)
		equalBig(t, "Add", &got, new(big.Int).Add(a.big(), b.big()), a, b)
		for _, l := range got {
			if l >= 1<<52+1<<19 {
				t.Fatalf("Add of %x and %x is %x", a, b, got)
			}
		}
		got.Sub(&a, &b)
		equalBig(t, "Sub", &got, new(big.Int).Sub(a.big(), b.big()), a, b)
		for _, l := range got {
			if l >= 1<<53 {
				t.Fatalf("Sub of %x and %x is %x", a, b, got)
			}
		}
		got.Neg(&a)
		equalBig(t, "Neg", &got, new(big.Int).Neg(a.big()), a)
		b = a
	}
	for a := range elements(loose, 20000) {
		var got Element
		got.Carry(&a)
		equalBig(t, "Carry", &got, a.big(), a)
		if !isTight(&got) {
			t.Fatalf("Carry of %x is %x, not tight", a, got)
		}
	}
}

// Bytes is the one canonical encoding of every value near 0, p, 2p and 2^255,
// and of loose limbs.
func TestBytes(t *testing.T) {
	f := func(e Element) {
		t.Helper()
		want := e.big()
		b := e.Bytes()
		for i := range 16 { // to big-endian
			b[i], b[31-i] = b[31-i], b[i]
		}
		if got := new(big.Int).SetBytes(b[:]); got.Cmp(want) != 0 {
			t.Fatalf("Bytes of %x is %x, want %x", e, got, want)
		}
		if e.IsNegative() != (want.Bit(0) == 1) || e.IsZero() != (want.Sign() == 0) {
			t.Fatalf("IsNegative or IsZero of %x is wrong", e)
		}
	}
	for a := range elements(loose, 20000) {
		f(a)
	}
	for i := range uint64(64) {
		f(Element{i})
		f(Element{1<<51 - 32 + i, mask51, mask51, mask51, mask51})         // p-13 to 2^255+31
		f(Element{1<<52 - 64 + i, twoPi, twoPi, twoPi, twoPi})             // 2p-26 to 2p+37
		f(Element{1<<51 - 32 + i, mask51, mask51, mask51, mask51 + 1<<51}) // 2^256-32 to 2^256+31
	}
}

// SetBytes ignores the top bit and takes every number below 2^255.
func TestSetBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 20000 {
		var b [32]byte
		for j := range b {
			b[j] = byte(r.Uint32())
			if i%2 == 0 {
				b[j] = -(b[j] & 1) // runs of ones and zeros
			}
		}
		var e Element
		e.SetBytes(&b)
		for _, l := range e {
			if l > mask51 {
				t.Fatalf("SetBytes of %x is %x", b, e)
			}
		}
		b[31] &= 127
		var be [32]byte
		for i := range b {
			be[31-i] = b[i]
		}
		equalBig(t, "SetBytes", &e, new(big.Int).SetBytes(be[:]), e)
	}
}

// Inversion agrees with math/big, and takes 0 to 0.
func TestInvert(t *testing.T) {
	for a := range elements(tight, 500) {
		var got Element
		got.Invert(&a)
		want := new(big.Int).ModInverse(a.big(), p)
		if want == nil {
			want = new(big.Int)
		}
		equalBig(t, "Invert", &got, want, a)
		if !isTight(&got) {
			t.Fatalf("Invert of %x is %x, not tight", a, got)
		}
	}
}

// SqrtRatio finds the even root where there is one, and says so where not.
func TestSqrtRatio(t *testing.T) {
	v := Element{7}
	roots := 0
	for u := range elements(tight, 500) {
		if v.IsZero() {
			v = u
			continue
		}
		var got Element
		ok := got.SqrtRatio(&u, &v)
		ratio := new(big.Int).ModInverse(v.big(), p)
		ratio.Mul(ratio, u.big()).Mod(ratio, p)
		if want := big.Jacobi(ratio, p) >= 0; ok != want {
			t.Fatalf("SqrtRatio of %x and %x is %v, want %v", u, v, ok, want)
		}
		if ok {
			roots++
			g := got.big()
			if g.Mul(g, g).Mod(g, p).Cmp(ratio) != 0 || got.IsNegative() {
				t.Fatalf("SqrtRatio of %x and %x is %x", u, v, got)
			}
		}
		v = u
	}
	if roots < 100 {
		t.Fatalf("only %d squares: the test proves nothing", roots)
	}
}

// Every operation may write over its operands.
func TestAliasing(t *testing.T) {
	b := Element{tight, tight, tight, tight, tight}
	for a := range elements(tight, 1000) {
		f := func(name string, op func(e, a, b *Element) *Element) {
			t.Helper()
			var want, wantSame Element
			op(&want, &a, &b)
			op(&wantSame, &a, &a)
			x, y, z := a, b, a
			if op(&x, &x, &b); x != want {
				t.Fatalf("%s(x, x, b) is %x, want %x", name, x, want)
			}
			if op(&y, &a, &y); y != want {
				t.Fatalf("%s(y, a, y) is %x, want %x", name, y, want)
			}
			if op(&z, &z, &z); z != wantSame {
				t.Fatalf("%s(z, z, z) is %x, want %x", name, z, wantSame)
			}
		}
		f("Add", (*Element).Add)
		f("Sub", (*Element).Sub)
		f("Mul", (*Element).Mul)
		f("Square", func(e, a, _ *Element) *Element { return e.Square(a) })
		f("Neg", func(e, a, _ *Element) *Element { return e.Neg(a) })
		f("Carry", func(e, a, _ *Element) *Element { return e.Carry(a) })
		b = a
	}
	a := Element{3}
	var want Element
	want.Invert(&a)
	if a.Invert(&a); a != want {
		t.Errorf("Invert(a, a) is %x, want %x", a, want)
	}
}
