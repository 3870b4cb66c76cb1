package account

import (
	"runtime"
	"testing"
	"time"
)

// The memory of a hash is used again, but a larger one that an imported hash
// asks for is not kept.
func TestHashesShareMemory(t *testing.T) {
	p := Params{MemoryKiB: 16 << 10, Time: 1, Parallel: 1}
	h, err := NewHasher(p, 1, 1, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	ctx, password := t.Context(), []byte("secret")
	phc, err := h.Hash(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	check := func(phc string, want bool) {
		if ok, _, err := h.Check(ctx, phc, password); err != nil || ok != want {
			t.Fatal(ok, err)
		}
	}
	if n := allocated(func() { check(phc, true); check("", false); check(phc, true) }); n > 1<<20 {
		t.Errorf("three hashes of 16 MiB allocated %d bytes", n)
	}
	larger, err := NewHasher(Params{MemoryKiB: 32 << 10, Time: 1, Parallel: 2}, 1, 1, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	imported, err := larger.Hash(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	if n := allocated(func() { check(imported, true) }); n < 32<<20 {
		t.Errorf("a hash of 32 MiB allocated %d bytes, so its memory had been there", n)
	}
	if n := allocated(func() { check(imported, true) }); n < 32<<20 {
		t.Errorf("a second hash of 32 MiB allocated %d bytes, so its memory was kept", n)
	}
	if n := allocated(func() { check(phc, true) }); n > 1<<20 {
		t.Errorf("a hash of 16 MiB after them allocated %d bytes", n)
	}
}
