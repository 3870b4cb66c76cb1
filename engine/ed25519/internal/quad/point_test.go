//go:build amd64 && !purego

package quad

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
		t.Skip("the processor lacks AVX2, or the system does not keep its registers")
	}
}

var p = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

// limbs returns the number in lane j of v modulo p.
func limbs(v *Vector, j int) *big.Int {
	n := new(big.Int)
	for i := 9; i >= 0; i-- {
		n.Lsh(n, uint(25+(i+1)%2)) // what limb i has
		n.Add(n, new(big.Int).SetUint64(v[i][j]))
	}
	return n.Mod(n, p)
}

func words(e field.Element) *big.Int {
	n := new(big.Int)
	for _, w := range [4]uint64{e.Words()[3], e.Words()[2], e.Words()[1], e.Words()[0]} {
		n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(w))
	}
	return n
}

// vector returns limbs below limit, odd ones below half of it: random, 0, the
// largest, and what a carry or a multiple of p makes of them.
func vector(r *rand.Rand, limit uint64) (v Vector) {
	pick := func(i int) uint64 {
		most := limit >> (i % 2)
		edges := []uint64{0, 1, 19, 1<<25 - 1, 1 << 25, 1<<26 - 19, 1<<26 - 1, 1 << 26, 1<<26 + 1<<17 - 1, 1<<27 - 38, 1<<27 - 2, most - 2, most - 1}
		if r.IntN(2) == 0 {
			return min(edges[r.IntN(len(edges))], most-1)
		}
		return r.Uint64N(most)
	}
	uniform := r.IntN(8) == 0
	for i := range v {
		for j := range v[i] {
			if v[i][j] = pick(i); uniform {
				v[i][j] = limit>>(i%2) - 1
			}
		}
	}
	return v
}

// Limits of even limbs; odd ones have half of them, and a tight one may have 2^18
// more.
const (
	loose  = 1<<28 + 1<<20
	second = 3<<26 + 1<<19
	tight  = 1 << 26
)

// Products agree with math/big and are tight, for all limbs that are allowed,
// also where the result lies over a factor.
func TestMul(t *testing.T) {
	need(t)
	r := rand.New(rand.NewPCG(31, 32))
	for range 20000 {
		a, b := vector(r, loose), vector(r, second)
		var got Vector
		Mul(&got, &a, &b)
		for j := range 4 {
			want := limbs(&a, j)
			want.Mul(want, limbs(&b, j)).Mod(want, p)
			if n := limbs(&got, j); n.Cmp(want) != 0 {
				t.Fatalf("lane %d: %x times %x is %x, want %x", j, a, b, n, want)
			}
			if n := words(Lane(&got, j)); n.Cmp(want) != 0 {
				t.Fatalf("lane %d of %x is %x, want %x", j, got, n, want)
			}
			for i := range got {
				if l := got[i][j]; l >= tight>>(i%2)+1<<18 {
					t.Fatalf("lane %d: limb %d of %x times %x is %x, not tight", j, i, a, b, l)
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
	}
}

// lane returns lane j of p as the portable code has it.
func lane(p *Point, j int) point.Point {
	return point.Point{X: Lane(&p[X], j), Y: Lane(&p[Y], j), Z: Lane(&p[Z], j), T: Lane(&p[T], j)}
}

// sumOf is the sum of the lanes of p by Sum, which must be in every lane, and
// what the portable code makes of them.
func sumOf(t *testing.T, p Point) point.Point {
	t.Helper()
	want := lane(&p, 0)
	for j := 1; j < 4; j++ {
		next := lane(&p, j)
		want.Add(&want, &next)
	}
	Sum(&p)
	for j := range 4 {
		got := lane(&p, j)
		var xy, zt field.Element
		if xy.Mul(&got.X, &got.Y); got.Bytes() != want.Bytes() || !xy.Equal(zt.Mul(&got.Z, &got.T)) {
			t.Fatalf("lane %d: the sum is %x, want %x, or XY is not ZT", j, got.Bytes(), want.Bytes())
		}
	}
	return want
}

// Sums over tables are the portable code's, for digits at every edge and random
// ones, from the neutral element and on top of another sum.
func TestAccumulate(t *testing.T) {
	need(t)
	r := rand.New(rand.NewPCG(33, 34))
	base := point.Base()
	var other point.Point
	other.Double(&base)
	for _, window := range []int{8, 4} {
		first, second := point.NewTable(&base, window), point.NewTable(&other, window)
		low, high := int8(-1)<<(window-1), int8(1)<<(window-1)-1
		digits := func(pick func(i int) int8) []int8 {
			d := make([]int8, first.Windows)
			for i := range d {
				d[i] = pick(i)
			}
			return d
		}
		cases := [][]int8{
			digits(func(int) int8 { return 0 }), digits(func(int) int8 { return 1 }), digits(func(int) int8 { return -1 }),
			digits(func(int) int8 { return low }), digits(func(int) int8 { return high }),
		}
		for at := range first.Windows { // one digit alone, of each window
			for _, d := range []int8{low, -1, 1, high} {
				cases = append(cases, digits(func(i int) int8 {
					if i == at {
						return d
					}
					return 0
				}))
			}
		}
		for range 500 {
			cases = append(cases, digits(func(int) int8 { return low + int8(r.IntN(1<<window)) }))
		}
		for n, d := range cases {
			e := cases[r.IntN(len(cases))]
			want := point.Identity()
			first.AddMultiple(&want, d)
			got := Identity()
			Accumulate(&got, first, d)
			if sum := sumOf(t, got); sum.Bytes() != want.Bytes() {
				t.Fatalf("windows of %d bits, case %d, %d: %x, want %x", window, n, d, sum.Bytes(), want.Bytes())
			}
			second.AddMultiple(&want, e)
			Accumulate(&got, second, e)
			sum := sumOf(t, got)
			if sum.Bytes() != want.Bytes() {
				t.Fatalf("windows of %d bits, case %d, %d and %d: %x, want %x", window, n, d, e, sum.Bytes(), want.Bytes())
			}
		}
	}
}

// A scalar times B is what repeated addition makes of it.
func TestAccumulateScalars(t *testing.T) {
	need(t)
	base := point.Base()
	table := point.NewTable(&base, 8)
	want := point.Identity()
	for n := range uint64(2000) {
		var s scalar.Scalar
		s[0] = n
		d := s.Digits8()
		got := Identity()
		Accumulate(&got, table, d[:])
		if sum := sumOf(t, got); sum.Bytes() != want.Bytes() {
			t.Fatalf("%d B is %x, want %x", n, sum.Bytes(), want.Bytes())
		}
		want.Add(&want, &base)
	}
}

func BenchmarkAccumulate(b *testing.B) {
	need(b)
	base := point.Base()
	table := point.NewTable(&base, 8)
	s := scalar.Scalar{0x123456789abcdef0, 0xfedcba9876543210, 0x0f1e2d3c4b5a6978, 0x0807060504030201}
	d := s.Digits8()
	q := Identity()
	for b.Loop() {
		Accumulate(&q, table, d[:])
	}
}
