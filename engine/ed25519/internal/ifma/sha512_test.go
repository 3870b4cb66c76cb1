//go:build amd64 && !purego

package ifma

import (
	"crypto/sha512"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// Digests are crypto/sha512's for every length of tail up to three blocks, and
// for lanes of very different lengths.
func TestSum512(t *testing.T) {
	need(t)
	r := rand.NewChaCha8([32]byte{25})
	rng := rand.New(r)
	data := make([]byte, 1<<16)
	r.Read(data)
	h := new(Hasher)
	f := func(lengths [8]int) {
		t.Helper()
		var tails [8][]byte
		for j, n := range lengths {
			r.Read(h.Heads[j][:])
			at := rng.IntN(len(data) - n + 1)
			tails[j] = data[at : at+n : at+n]
		}
		sum := h.Sum(&tails)
		for j := range 8 {
			want := sha512.Sum512(append(h.Heads[j][:], tails[j]...))
			for i := range sum {
				if got := sum[i][j]; got != binary.LittleEndian.Uint64(want[8*i:]) {
					t.Fatalf("lane %d of lengths %v: word %d is %x, want %x", j, lengths, i, got, want[8*i:8*i+8])
				}
			}
		}
	}
	for n := range 400 {
		f([8]int{n, n, n, n, n, n, n, n})
		f([8]int{n, 0, n + 1, 3 * n, 1, 400 - n, 64, n / 2})
	}
	for range 300 {
		var lengths [8]int
		for j := range lengths {
			lengths[j] = rng.IntN(1 << rng.IntN(16))
		}
		f(lengths)
	}
	f([8]int{1 << 16, 0, 0, 0, 0, 0, 0, 0})
}
