//go:build amd64 && !purego

package ifma

import (
	"math/rand/v2"
	"testing"

	"github.com/tollgate/tollgate/engine/ed25519/internal/scalar"
)

// Digits agree with the portable code in each lane, above all where a carry
// runs through words of ones.
func TestDigits8(t *testing.T) {
	need(t)
	r := rand.New(rand.NewPCG(23, 24))
	words := []uint64{0, 1, 0x7f7f7f7f7f7f7f7f, 0x7f7f7f7f7f7f7f80, 0x8080808080808080, 1<<64 - 2, 1<<64 - 1}
	for range 20000 {
		var s Scalars
		var want [8][32]int8
		for j := range 8 {
			var v scalar.Scalar
			for i := range v {
				if v[i] = words[r.IntN(len(words))]; r.IntN(3) == 0 {
					v[i] = r.Uint64()
				}
			}
			v[3] >>= 3 // below 2^253
			SetScalar(&s, j, &v)
			want[j] = v.Digits8()
		}
		got := Digits8(&s)
		for j := range want {
			for i := range got {
				if got[i][j] != want[j][i] {
					t.Fatalf("lane %d of %x: digit %d is %d, want %d", j, s, i, got[i][j], want[j][i])
				}
			}
		}
	}
}
