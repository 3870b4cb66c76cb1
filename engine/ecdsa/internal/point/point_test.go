package point

//lint:file-ignore SA1019 crypto/elliptic is the other opinion

import (
	"crypto/elliptic"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/field"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/scalar"
)

var curve = elliptic.P256()

// multiple returns s*G by crypto/elliptic, and s.
func multiple(r *rand.Rand) (a Affine, s *big.Int) {
	var b [32]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	s = new(big.Int).SetBytes(b[:])
	s.Mod(s, curve.Params().N)
	x, y := curve.ScalarBaseMult(s.Bytes())
	return fromBig(x, y), s
}

func fromBig(x, y *big.Int) (a Affine) {
	var bx, by [32]byte
	if !a.SetBytes((*[32]byte)(x.FillBytes(bx[:])), (*[32]byte)(y.FillBytes(by[:]))) {
		panic("crypto/elliptic has a point that is not on the curve")
	}
	return a
}

func toBig(e *field.Element) *big.Int {
	v := new(big.Int)
	w := e.Words()
	for i := 3; i >= 0; i-- {
		v.Lsh(v, 64).Add(v, new(big.Int).SetUint64(w[i]))
	}
	return v
}

// affine returns the coordinates of p, which is a point.
func (p *Point) affine() (a Affine) {
	var i field.Element
	a.X.Mul(&p.X, i.Invert(&p.ZZ))
	a.Y.Mul(&p.Y, i.Invert(&p.ZZZ))
	return a
}

// Sums and doubles agree with crypto/elliptic; a sum of equal or opposite points
// leaves ZZ 0, and so does every addition after it.
func TestAdd(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		a, s := multiple(r)
		b, u := multiple(r)
		x, y := curve.ScalarBaseMult(new(big.Int).Mod(s.Add(s, u), curve.Params().N).Bytes())
		want := fromBig(x, y)
		var p, q Point
		p.SetAffine(&a)
		p.AddAffine(&b)
		if got := p.affine(); got != want {
			t.Fatalf("the sum is %x, want %x", got, want)
		}
		w := p.X.Mul(&p.X, new(field.Element).Invert(&p.ZZ)).Words()
		p.SetAffine(&a)
		p.AddAffine(&b)
		if !p.HasX(&w) {
			t.Fatal("HasX refuses the point's x")
		}
		w[0] ^= 1
		if p.HasX(&w) {
			t.Fatal("HasX accepts another x")
		}
		q = p
		q.Double()
		x, y = curve.ScalarBaseMult(new(big.Int).Mod(u.Lsh(s, 1), curve.Params().N).Bytes())
		if got, want := q.affine(), fromBig(x, y); got != want {
			t.Fatalf("the double is %x, want %x", got, want)
		}
		s.Mul(s, big.NewInt(3))
		q.Add(&p)
		x, y = curve.ScalarBaseMult(new(big.Int).Mod(s, curve.Params().N).Bytes())
		if got, want := q.affine(), fromBig(x, y); got != want {
			t.Fatalf("three times the sum is %x, want %x", got, want)
		}
		for _, negative := range []bool{false, true} {
			c := a
			if negative {
				c.Y.Neg(&c.Y)
			}
			p.SetAffine(&a)
			p.AddAffine(&c)
			q.SetAffine(&a)
			var o Point
			o.SetAffine(&c)
			q.Add(&o)
			for range 3 {
				if !p.ZZ.IsZero() || !q.ZZ.IsZero() {
					t.Fatalf("ZZ is %x and %x after an exception", p.ZZ, q.ZZ)
				}
				w := toBig(&b.X)
				if p.HasX(&[4]uint64{}) || w.Sign() == 0 {
					t.Fatal("what is no point has an x")
				}
				p.AddAffine(&b)
				q.Add(&p)
			}
		}
	}
}

// A point of the curve is taken, and none with a coordinate changed or above p.
func TestSetBytes(t *testing.T) {
	g := Base()
	x, y := [32]byte(toBig(&g.X).FillBytes(make([]byte, 32))), [32]byte(toBig(&g.Y).FillBytes(make([]byte, 32)))
	var a Affine
	if !a.SetBytes(&x, &y) || a != g || toBig(&g.X).Cmp(curve.Params().Gx) != 0 || toBig(&g.Y).Cmp(curve.Params().Gy) != 0 {
		t.Error("the base point is not that of the curve")
	}
	for bit := range 256 {
		for _, c := range []*[32]byte{&x, &y} {
			c[bit/8] ^= 1 << (bit % 8)
			if a.SetBytes(&x, &y) {
				t.Errorf("(%x, %x) is taken for a point", x, y)
			}
			c[bit/8] ^= 1 << (bit % 8)
		}
	}
	// (0, sqrt b) written with x = p
	root := new(big.Int).ModSqrt(curve.Params().B, curve.Params().P)
	root.FillBytes(y[:])
	if x = [32]byte{}; !a.SetBytes(&x, &y) {
		t.Error("(0, sqrt b) is not taken for a point")
	}
	curve.Params().P.FillBytes(x[:])
	if a.SetBytes(&x, &y) {
		t.Error("x = p is taken")
	}
}

// Every entry is the multiple that its place says.
func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	a, s := multiple(r)
	for _, w := range []int{8, 4} {
		table := NewTable(&a, w)
		if table.Windows*w != 256 || len(table.Entries) != table.Windows*table.Stride {
			t.Fatalf("%d windows, %d entries", table.Windows, len(table.Entries))
		}
		for i := range table.Windows {
			for j := range table.Stride {
				k := new(big.Int).Lsh(big.NewInt(int64(2*j+1)), uint(w*i))
				x, y := curve.ScalarBaseMult(k.Mul(k, s).Mod(k, curve.Params().N).Bytes())
				if want := fromBig(x, y); table.Entries[i*table.Stride+j] != want.entry() {
					t.Fatalf("entry %d of window %d of %d bits is wrong", j, i, w)
				}
			}
		}
	}
}

// A multiplication by table agrees with crypto/elliptic, for both windows.
func TestAddMultiple(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	a, s := multiple(r)
	t8, t4 := NewTable(&a, 8), NewTable(&a, 4)
	for range 200 {
		b, u := multiple(r)
		var k scalar.Scalar
		if !k.SetBytes((*[32]byte)(u.FillBytes(make([]byte, 32)))) {
			continue
		}
		u.Mul(u, s)
		x, y := curve.ScalarBaseMult(u.Mod(u, curve.Params().N).Bytes())
		want := fromBig(x, y)
		c8, c4 := k.Digits8(), k.Digits4()
		var p, q Point
		t8.AddMultiple(&p, c8[:], true)
		t4.AddMultiple(&q, c4[:], true)
		if p.affine() != want || q.affine() != want {
			t.Fatalf("%x * P is %x (8 bits) and %x (4 bits), want %x", k, p.affine(), q.affine(), want)
		}
		q.SetAffine(&b)
		t4.AddMultiple(&q, c4[:], false)
		if p.AddAffine(&b); p.affine() != q.affine() {
			t.Fatalf("%x * P + b is %x, want %x", k, q.affine(), p.affine())
		}
	}
}

func BenchmarkTable(b *testing.B) {
	g := Base()
	for b.Loop() {
		NewTable(&g, 8)
	}
}
func BenchmarkAddAffine(b *testing.B) {
	g := Base()
	p := Point{g.X, g.Y, g.X, g.Y}
	for b.Loop() {
		p.AddAffine(&g)
	}
}
