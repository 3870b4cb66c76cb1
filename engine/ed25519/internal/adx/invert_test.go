//go:build amd64 && !purego

package adx

import (
	"math/rand/v2"
	"testing"

	"github.com/tollgate/tollgate/engine/ed25519/internal/field"
)

// Inverses are the portable code's, bit for bit, for numbers around multiples
// of p, for powers of two and sums of two, and for any limbs at all.
func TestInvert(t *testing.T) {
	if !Available {
		t.Skip("the processor lacks BMI1, BMI2 or ADX")
	}
	f := func(a field.Element) {
		t.Helper()
		var got, want field.Element
		Invert(&got, &a)
		want.Invert(&a)
		if !got.Equal(&want) {
			t.Fatalf("1/%x is %x, want %x", a, got, want)
		}
		same := a
		if Invert(&same, &same); same != got {
			t.Fatalf("1/%x in place is %x, want %x", a, same, got)
		}
	}
	for _, around := range []field.Element{
		{},
		{1<<51 - 19, 1<<51 - 1, 1<<51 - 1, 1<<51 - 1, 1<<51 - 1},
		{1<<52 - 38, 1<<52 - 2, 1<<52 - 2, 1<<52 - 2, 1<<52 - 2},
	} {
		for i := range uint64(37) {
			a := around
			a[0] += i
			f(a)
			if around[0] >= i {
				a[0] = around[0] - i
				f(a)
			}
		}
	}
	for i := range 255 {
		for j := range i {
			var a field.Element
			a[i/51] = 1 << (i % 51)
			a[j/51] |= 1 << (j % 51)
			f(a)
			a[j/51] ^= 1 << (j % 51)
			f(a)
		}
	}
	r := rand.New(rand.NewPCG(27, 28))
	for range 50000 {
		var a field.Element
		for i := range a {
			switch r.IntN(8) {
			case 0:
				a[i] = 1<<51 - 1
			case 1:
				a[i] = 0
			default:
				a[i] = r.Uint64N(1<<51 + 1<<15)
			}
		}
		f(a)
	}
}
