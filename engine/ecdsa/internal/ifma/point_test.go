//go:build amd64 && !purego

package ifma

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/tollgate/tollgate/engine/ecdsa/internal/field"
	"github.com/tollgate/tollgate/engine/ecdsa/internal/point"
	"github.com/tollgate/tollgate/internal/guard"
)

func need(t testing.TB) {
	t.Helper()
	if !Available {
		t.Skip("the processor lacks AVX-512 IFMA, or the system does not keep its registers")
	}
}

var (
	p, _ = new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
	invR = new(big.Int).ModInverse(new(big.Int).Lsh(big.NewInt(1), 260), p)
)

func limbs(v *Vector, j int) *big.Int {
	n := new(big.Int)
	for i := 4; i >= 0; i-- {
		n.Lsh(n, 52).Add(n, new(big.Int).SetUint64(v[i][j]))
	}
	return n
}

// Limbs at which the assembly might fail: those of p and its multiples, and
// around powers of two.
var edges = []uint64{0, 1, 2, 1<<36 - 1, 1 << 36, 1<<44 - 1, 1 << 44, 1<<48 - 1<<16 - 1, 1<<48 - 1<<16, 1<<48 - 1, 1 << 48, 1<<51 - 1, 1 << 51, 1<<52 - 1<<16, 1<<52 - 2, 1<<52 - 1}

func vector(r *rand.Rand) (v Vector) {
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
				v[i][j] = r.Uint64N(1 << 52)
			}
		}
	}
	return v
}

// Products agree with math/big in each lane for all limbs below 2^52, have such
// limbs where p + a*b/2^260 is below 2^260, and may be written over their operands.
func TestMul(t *testing.T) {
	need(t)
	r := rand.New(rand.NewPCG(15, 16))
	for round := range 20000 {
		a, b := vector(r), vector(r)
		if round == 0 {
			for i := range a {
				for j := range a[i] {
					a[i][j], b[i][j] = 1<<52-1, 1<<52-1
				}
			}
		}
		if round%2 == 1 { // multiples of p and numbers around them
			for j := range 8 {
				n := new(big.Int).Mul(p, big.NewInt(int64(r.IntN(16))))
				if n.Add(n, big.NewInt(int64(r.IntN(5))-2)); n.Sign() < 0 {
					n.SetInt64(0)
				}
				for i := range a {
					a[i][j] = new(big.Int).And(n, big.NewInt(1<<52-1)).Uint64()
					n.Rsh(n, 52)
				}
			}
		}
		var got Vector
		Mul(&got, &a, &b)
		for j := range 8 {
			x, y, z := limbs(&a, j), limbs(&b, j), limbs(&got, j)
			want := new(big.Int).Mul(x, y)
			most := new(big.Int).Rsh(want, 260)
			if z.Cmp(most.Add(most, p)) > 0 {
				t.Fatalf("lane %d: %x * %x is %x, too large", j, x, y, z)
			}
			want.Mul(want, invR).Mod(want, p)
			if new(big.Int).Mod(z, p).Cmp(want) != 0 {
				t.Fatalf("lane %d: %x * %x is %x, want %x", j, x, y, z, want)
			}
			for i := range got {
				if got[i][j] >= 1<<52 && most.BitLen() <= 260 {
					t.Fatalf("lane %d: %x * %x has the limb %x", j, x, y, got[i][j])
				}
			}
		}
		x, y := a, b
		if Mul(&x, &x, &b); x != got {
			t.Fatal("Mul(x, x, b) differs")
		}
		if Mul(&y, &a, &y); y != got {
			t.Fatal("Mul(y, a, y) differs")
		}
		if Mul(&x, &a, &a); round%16 == 0 {
			if y = a; true {
				Mul(&y, &y, &y)
			}
			if x != y {
				t.Fatal("Mul(x, x, x) differs")
			}
		}
	}
}

// bounds of X, Y, ZZ and ZZZ of a Point, in 1/100 of 2^256, as the generator has
// them.
var bounds = [4]int64{X: 201, Y: 540, ZZ: 140, ZZZ: 140}

// lane returns lane j of q as the generic code has it, held to its bounds.
func lane(t *testing.T, q *Point, j int) (r point.Point) {
	t.Helper()
	for i, to := range []*field.Element{&r.X, &r.Y, &r.ZZ, &r.ZZZ} {
		for _, l := range q[i] {
			if l[j] >= 1<<52 {
				t.Fatalf("coordinate %d of lane %d has the limb %x", i, j, l[j])
			}
		}
		most := new(big.Int).Lsh(big.NewInt(bounds[i]), 256)
		if v := limbs(&q[i], j); new(big.Int).Mul(v, big.NewInt(100)).Cmp(most) > 0 {
			t.Fatalf("coordinate %d of lane %d is %x, too large", i, j, v)
		}
		*to = Lane(&q[i], j)
	}
	// From a*2^260 to a*2^256, which changes nothing but makes ZZ^3 = ZZZ^2 hold.
	var sixteenth field.Element
	sixteenth.SetWords(&[4]uint64{16})
	sixteenth.Invert(&sixteenth)
	for _, e := range []*field.Element{&r.X, &r.Y, &r.ZZ, &r.ZZZ} {
		e.Mul(e, &sixteenth)
	}
	var a, b field.Element
	if *a.Mul(a.Square(&r.ZZ), &r.ZZ) != *b.Square(&r.ZZZ) {
		t.Fatalf("lane %d: ZZ^3 is not ZZZ^2", j)
	}
	return r
}

// same reports whether a and b are the same point, or both none.
func same(a, b *point.Point) bool {
	var x, y, u, v field.Element
	if a.ZZ.IsZero() || b.ZZ.IsZero() {
		return a.ZZ.IsZero() && b.ZZ.IsZero()
	}
	return *x.Mul(&a.X, &b.ZZ) == *y.Mul(&b.X, &a.ZZ) && *u.Mul(&a.Y, &b.ZZZ) == *v.Mul(&b.Y, &a.ZZZ)
}

// tables returns tables of some multiples of the base point.
func tables(w int) (list []*point.Table) {
	g := point.Base()
	first := point.NewTable(&g, w)
	for i := range 8 {
		e := first.Entries[(i*37)%len(first.Entries)]
		list = append(list, point.NewTable(&point.Affine{X: e[0], Y: e[1]}, w))
	}
	return list
}

// Accumulation and the sum of the lanes agree with the portable code in each lane,
// for both kinds of table, for digits of every size, and where a lane meets equal
// or opposite points.
func TestAccumulate(t *testing.T) {
	need(t)
	r := rand.New(rand.NewPCG(19, 20))
	for _, w := range []int{8, 4} {
		list := tables(w)
		half := int8(1) << (w - 2) // half of the largest digit
		exceptions := 0
		for round := range 300 {
			steps := 2 + r.IntN(list[0].Windows-1)
			digits := make([][8]int8, steps)
			for i := range 8 * steps {
				digit := &digits[i/8][i%8]
				switch *digit = int8(r.IntN(4*int(half))) - 2*half; round % 6 {
				case 0:
					*digit = -2 * half // the smallest there is
				case 1:
					*digit = 2*half - 1
				case 2:
					*digit = int8(r.IntN(2)) - 1
				}
			}
			var got Point
			var windows [8]*point.Entry
			var want [8]point.Point
			again := round%5 == 4 // each step the first window: equal and opposite points
			stride := list[0].Stride
			if again {
				stride = 0
			}
			for j := range 8 {
				table := list[r.IntN(len(list))]
				windows[j] = &table.Entries[0]
				for s := range steps {
					if again {
						table.AddMultiple(&want[j], []int8{digits[s][j]}, s == 0)
						continue
					}
					e := *table
					e.Entries = e.Entries[s*e.Stride:]
					e.AddMultiple(&want[j], []int8{digits[s][j]}, s == 0)
				}
			}
			Prefetch(&windows, digits, stride)
			Start(&got, &windows, &digits[0])
			if !again {
				for j := range windows {
					for _, table := range list {
						if windows[j] == &table.Entries[0] {
							windows[j] = &table.Entries[stride]
							break
						}
					}
				}
			}
			Accumulate(&got, &windows, digits[1:], stride)
			Finish(&got)
			sum := want[0]
			for j := range 8 {
				q := lane(t, &got, j)
				if !same(&q, &want[j]) {
					t.Fatalf("round %d, windows of %d bits, lane %d: %x, want %x", round, w, j, q, want[j])
				}
				if q.ZZ.IsZero() {
					exceptions++
				}
			}
			// As the lanes are added up: halves, quarters, eighths.
			sums := want
			for _, far := range []int{4, 2, 1} {
				before := sums
				for j := range sums {
					sums[j].Add(&before[j^far])
				}
			}
			sum = sums[0]
			Sum(&got)
			for j := range 8 {
				if q := lane(t, &got, j); !same(&q, &sum) {
					t.Fatalf("round %d, lane %d: the sum is %x, want %x", round, j, q, sum)
				}
			}
		}
		if exceptions < 50 {
			t.Errorf("%d exceptions: the test proves little", exceptions)
		}
	}
}

// Nothing is read beyond a table, whose first and last entries lie against a page
// that may not be touched.
func TestGuardPages(t *testing.T) {
	need(t)
	g := point.Base()
	table := point.NewTable(&g, 4)
	for _, place := range []func(testing.TB, int) []byte{guard.Before, guard.After} {
		area := entries(place(t, len(table.Entries)*entrySize))
		copy(area, table.Entries)
		steps := table.Windows
		for _, digit := range []int8{-8, -1, 0, 7} {
			digits := make([][8]int8, steps)
			for i := range 8 * steps {
				digits[i/8][i%8] = digit
			}
			var windows, second [8]*point.Entry
			for j := range windows {
				windows[j], second[j] = &area[0], &area[table.Stride]
			}
			var p Point
			Prefetch(&windows, digits, table.Stride)
			Start(&p, &windows, &digits[0])
			Accumulate(&p, &second, digits[1:], table.Stride)
		}
	}
}

// entries views b, which is aligned, as entries of a table.
func entries(b []byte) []point.Entry {
	return unsafe.Slice((*point.Entry)(unsafe.Pointer(&b[0])), len(b)/entrySize)
}
