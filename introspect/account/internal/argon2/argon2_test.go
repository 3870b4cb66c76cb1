package argon2

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	original "golang.org/x/crypto/argon2"
)

// The hashes are those of the original, in memory that is new, and that a hash
// of another size has been made in before.
func TestKeyIsTheOriginals(t *testing.T) {
	used := new(Memory)
	for _, memory := range []uint32{1, 8, 100, 1024, 3000} {
		for _, time := range []uint32{1, 2, 3} {
			for _, threads := range []uint8{1, 2, 4, 7} {
				for _, n := range []uint32{16, 32, 100} {
					password := fmt.Appendf(nil, "password %d", memory)
					salt := fmt.Appendf(nil, "salt of %d bytes", n)
					for mode, want := range map[Mode][]byte{
						ID: original.IDKey(password, salt, time, memory, threads, n),
						I:  original.Key(password, salt, time, memory, threads, n),
					} {
						for _, m := range []*Memory{used, new(Memory)} {
							if got := Key(mode, password, salt, time, memory, threads, n, m, func() {}); !bytes.Equal(got, want) {
								t.Fatalf("mode %d, m=%d, t=%d, p=%d, %d bytes: %x, want %x", mode, memory, time, threads, n, got, want)
							}
						}
					}
				}
			}
		}
	}
}

// Others get their turn all along, and nothing that a password was mixed into
// is left in memory.
func TestKeyGivesWayAndLeavesNothing(t *testing.T) {
	const memory, time = 4096, 3
	m := new(Memory)
	ways := 0
	Key(ID, []byte("password"), []byte("some salt"), time, memory, 1, 32, m, func() { ways++ })
	if want := memory * time / givesWay; ways < want {
		t.Errorf("a hash gave way %d times, want %d", ways, want)
	}
	if len(m.blocks) != memory {
		t.Fatalf("memory of %d blocks was kept, want %d", len(m.blocks), memory)
	}
	if i := slices.IndexFunc(m.blocks, func(b block) bool { return b != block{} }); i >= 0 {
		t.Errorf("block %d is not cleared", i)
	}
}

// What the processor has no instructions for is computed without them.
func TestGenericBlocksAreTheSame(t *testing.T) {
	var a, b, want, got block
	for i := range a {
		a[i], b[i] = uint64(i)*0x9e3779b97f4a7c15, uint64(i)*0xbf58476d1ce4e5b9+1
		want[i] = uint64(i)
		got[i] = uint64(i)
	}
	processBlockXOR(&want, &a, &b)
	processBlockGeneric(&got, &a, &b, true)
	if want != got {
		t.Error("xored blocks differ")
	}
	processBlock(&want, &a, &b)
	processBlockGeneric(&got, &a, &b, false)
	if want != got {
		t.Error("blocks differ")
	}
}
