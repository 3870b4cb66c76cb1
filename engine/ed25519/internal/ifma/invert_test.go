//go:build amd64 && !purego

package ifma

import (
	"math/rand/v2"
	"testing"

	"github.com/tollgate/tollgate/engine/ed25519/internal/field"
)

// Inverses are the portable code's, bit for bit, for numbers around multiples
// of p, for powers of two and sums of two, and for any limbs at all.
func TestInvert(t *testing.T) {
	need(t)
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
	for _, a := range aroundP() {
		f(a)
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
		v := vector(r, tight)
		f(Lane(&v, 0))
	}
}
