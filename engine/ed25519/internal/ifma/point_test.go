//go:build amd64 && !purego

package ifma

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/tollgate/tollgate/engine/ed25519/internal/field"
	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

func need(t testing.TB) {
	t.Helper()
	if !Available {
		t.Skip("the processor lacks AVX-512 IFMA, or the system does not keep its registers")
	}
}

var p = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

func toBig(e field.Element) *big.Int {
	v := new(big.Int)
	for i := 4; i >= 0; i-- {
		v.Lsh(v, 51).Add(v, new(big.Int).SetUint64(e[i]))
	}
	return v.Mod(v, p)
}

// What the assembly takes, what it promises, and limbs at which it might fail.
const (
	largest = 1<<52 - 1
	tight   = 1<<51 + 1<<15 - 1
)

var edges = []uint64{0, 1, 18, 19, 20, 1<<51 - 20, 1<<51 - 19, 1<<51 - 18, 1<<51 - 1, 1 << 51, 1<<51 + 1<<15 - 1, 1<<52 - 38, 1<<52 - 2, 1<<52 - 1}

func vector(r *rand.Rand, limit uint64) (v Vector) {
	uniform := r.IntN(8) == 0
	edge := edges[r.IntN(len(edges))]
	for i := range v {
		for j := range v[i] {
			switch {
			case uniform:
				v[i][j] = edge
			case r.IntN(2) == 0:
				v[i][j] = edges[r.IntN(len(edges))]
			default:
				v[i][j] = r.Uint64N(limit + 1)
			}
			v[i][j] = min(v[i][j], limit)
		}
	}
	return v
}

// multiples of p and numbers around them, as limbs below 2^52.
func aroundP() (list []field.Element) {
	for _, of := range []field.Element{
		{},
		{1<<51 - 19, 1<<51 - 1, 1<<51 - 1, 1<<51 - 1, 1<<51 - 1},
		{1<<52 - 38, 1<<52 - 2, 1<<52 - 2, 1<<52 - 2, 1<<52 - 2},
	} {
		for i := range uint64(37) {
			e := of
			e[0] += i
			list = append(list, e)
			if of[0] >= i {
				e[0] = of[0] - i
				list = append(list, e)
			}
		}
	}
	return list
}

// Products agree with field.Element.Mul and math/big in each lane, for all
// limbs below 2^52, and are tight.
func TestMul(t *testing.T) {
	need(t)
	check := func(a, b *Vector) {
		t.Helper()
		var got Vector
		Mul(&got, a, b)
		for j := range 8 {
			x, y, z := Lane(a, j), Lane(b, j), Lane(&got, j)
			var want field.Element
			want.Mul(&x, &y)
			if !z.Equal(&want) {
				t.Fatalf("lane %d: %x * %x is %x, generic has %x", j, x, y, z, want)
			}
			if n := new(big.Int).Mul(toBig(x), toBig(y)); toBig(z).Cmp(n.Mod(n, p)) != 0 {
				t.Fatalf("lane %d: %x * %x is %x, want %x", j, x, y, z, n)
			}
			for _, l := range z {
				if l > tight {
					t.Fatalf("lane %d: %x * %x is %x, not tight", j, x, y, z)
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(15, 16))
	for range 4000 {
		a, b := vector(r, largest), vector(r, largest)
		check(&a, &b)
	}
	list := aroundP()
	for i := 0; i+8 <= len(list); i += 8 {
		var a Vector
		for j := range 8 {
			SetLane(&a, j, &list[i+j])
		}
		for k := range list {
			var b Vector
			for j := range 8 {
				SetLane(&b, j, &list[(k+j)%len(list)])
			}
			check(&a, &b)
		}
	}
}

// Mul may write over its operands.
func TestMulAliasing(t *testing.T) {
	need(t)
	r := rand.New(rand.NewPCG(17, 18))
	for range 1000 {
		a, b := vector(r, largest), vector(r, largest)
		var want, square Vector
		Mul(&want, &a, &b)
		Mul(&square, &a, &a)
		x, y, z := a, b, a
		if Mul(&x, &x, &b); x != want {
			t.Fatal("Mul(x, x, b) differs")
		}
		if Mul(&y, &a, &y); y != want {
			t.Fatal("Mul(y, a, y) differs")
		}
		if Mul(&z, &z, &z); z != square {
			t.Fatal("Mul(z, z, z) differs")
		}
	}
}

// lane returns lane j of p as the generic code has it.
func lane(p *Point, j int) point.Point {
	minus, plus, z := Lane(&p[YMinusX], j), Lane(&p[YPlusX], j), Lane(&p[Z], j)
	var q point.Point
	// (2X : 2Y : 2Z : 2T)
	q.X.Carry(q.X.Sub(&plus, &minus))
	q.Y.Carry(q.Y.Add(&plus, &minus))
	q.Z.Carry(q.Z.Add(&z, &z))
	e := Lane(&p[T], j)
	q.T.Carry(q.T.Add(&e, &e))
	return q
}

func setLane(p *Point, j int, q *point.Point) {
	var minus, plus field.Element
	minus.Carry(minus.Sub(&q.Y, &q.X))
	plus.Carry(plus.Add(&q.Y, &q.X))
	SetLane(&p[YMinusX], j, &minus)
	SetLane(&p[YPlusX], j, &plus)
	SetLane(&p[Z], j, &q.Z)
	SetLane(&p[T], j, &q.T)
}

// wellFormed holds a lane to X*Y = Z*T and to tight limbs.
func wellFormed(t *testing.T, p *Point, j int) {
	t.Helper()
	for _, v := range p {
		for _, l := range Lane(&v, j) {
			if l > tight {
				t.Fatalf("lane %d has the limb %x", j, l)
			}
		}
	}
	q := lane(p, j)
	var xy, zt field.Element
	if !xy.Mul(&q.X, &q.Y).Equal(zt.Mul(&q.Z, &q.T)) {
		t.Fatalf("lane %d: XY is not ZT", j)
	}
}

var small = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
}

// samples returns the base point, multiples of it, and points of small and
// mixed order.
func samples(t testing.TB) (list []point.Point) {
	t.Helper()
	q := point.Base()
	for _, s := range small {
		var b [32]byte
		v, ok := new(big.Int).SetString(s, 16)
		if !ok {
			t.Fatal(s)
		}
		v.FillBytes(b[:])
		var low point.Point
		if !low.SetBytes(&b) {
			t.Fatalf("%s does not decode", s)
		}
		list = append(list, low)
		for range 3 {
			q.Add(&q, &low)
			list = append(list, q)
			q.Double(&q)
		}
	}
	return list
}

// Accumulation agrees with the portable code in each lane, for both kinds of
// table, for digits of every size, and whether a lane starts from the neutral
// element, the same point or its negative.
func TestAccumulate(t *testing.T) {
	need(t)
	list := samples(t)
	r := rand.New(rand.NewPCG(19, 20))
	for _, w := range []int{8, 4} {
		var tables []*point.Table
		for i := range list {
			tables = append(tables, point.NewTable(&list[i], w))
		}
		half := int8(1) << (w - 2) // half of the largest digit
		for round := range 60 {
			steps := 1 + r.IntN(tables[0].Windows)
			digits := make([][8]int8, steps)
			for i := range 8 * steps {
				digit := &digits[i/8][i%8]
				switch *digit = int8(r.IntN(4*int(half))) - 2*half; round % 6 {
				case 0:
					*digit = -2 * half // the smallest there is
				case 1:
					*digit = 2*half - 1
				case 2:
					*digit = int8(r.IntN(3)) - 1
				}
			}
			got := Identity()
			var windows [8]*point.Entry
			var want [8]point.Point
			for j := range 8 {
				table := tables[r.IntN(len(tables))]
				windows[j] = &table.Entries[0]
				want[j] = point.Identity()
				if start := r.IntN(3); start > 0 {
					table.AddMultiple(&want[j], []int8{int8(2*start - 3)})
					setLane(&got, j, &want[j])
				}
				own := make([]int8, steps)
				for s := range own {
					own[s] = digits[s][j]
				}
				table.AddMultiple(&want[j], own)
			}
			Accumulate(&got, &windows, digits, tables[0].Stride)
			for j := range 8 {
				wellFormed(t, &got, j)
				if q := lane(&got, j); q.Bytes() != want[j].Bytes() {
					t.Fatalf("windows of %d bits, lane %d: %x, want %x", w, j, q.Bytes(), want[j].Bytes())
				}
			}
		}
	}
}

// The sum of the lanes agrees with the portable code, in every lane, equal
// points, opposite ones and points of small order included.
func TestSum(t *testing.T) {
	need(t)
	list := samples(t)
	r := rand.New(rand.NewPCG(21, 22))
	for round := range 300 {
		got, want := Identity(), point.Identity()
		for j := range 8 {
			q := list[r.IntN(len(list))]
			if round%3 == 0 {
				q = list[round%len(list)]
			}
			if r.IntN(2) == 0 {
				q.Neg(&q)
			}
			setLane(&got, j, &q)
			want.Add(&want, &q)
		}
		Sum(&got)
		for j := range 8 {
			wellFormed(t, &got, j)
			if q := lane(&got, j); q.Bytes() != want.Bytes() {
				t.Fatalf("lane %d: %x, want %x", j, q.Bytes(), want.Bytes())
			}
		}
	}
}

// A scalar multiplication spread over the lanes is the portable one.
func TestAcross(t *testing.T) {
	need(t)
	for i, q := range samples(t) {
		table := point.NewTable(&q, 8)
		var windows [8]*point.Entry
		for j := range windows {
			windows[j] = &table.Entries[j*table.Stride]
		}
		s := scalar.Scalar{uint64(i) * 0x9e3779b97f4a7c15, 1<<63 - uint64(i), uint64(i) << 56, 1<<60 - 1}
		d := s.Digits8()
		got, want := Identity(), point.Identity()
		across := make([][8]int8, 4)
		for i := range d {
			across[i/8][i%8] = d[i]
		}
		Accumulate(&got, &windows, across, 8*table.Stride)
		Sum(&got)
		table.AddMultiple(&want, d[:])
		if g := lane(&got, i%8); g.Bytes() != want.Bytes() {
			t.Fatalf("%x, want %x", g.Bytes(), want.Bytes())
		}
	}
}
