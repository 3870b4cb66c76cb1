//go:build amd64 && !purego && unix

package quad

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
)

// Accumulate reads the entries that it is asked for and nothing past them: the
// first and the last entry of a table between guard pages.
func TestGuardPages(t *testing.T) {
	need(t)
	q := point.Base()
	for _, w := range []int{8, 4} {
		plain := point.NewTable(&q, w)
		for _, atEnd := range []bool{false, true} {
			table := guardedTable(t, plain, atEnd)
			for _, digit := range []int8{0, 1, -1, int8(-1) << (w - 1)} {
				all := make([]int8, table.Windows)
				for i := range all {
					all[i] = digit
				}
				want, got := point.Identity(), Identity()
				plain.AddMultiple(&want, all)
				Accumulate(&got, table, all)
				if sum := sumOf(t, got); sum.Bytes() != want.Bytes() {
					t.Fatalf("windows of %d bits, digits %d: %x, want %x", w, digit, sum.Bytes(), want.Bytes())
				}
			}
		}
	}
}

// guardedTable returns t with its entries between two pages that may not be
// touched, against the second one if atEnd, and else against the first.
func guardedTable(t *testing.T, table *point.Table, atEnd bool) *point.Table {
	t.Helper()
	page := os.Getpagesize()
	bytes := len(table.Entries) * entrySize
	size := (bytes + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	for _, p := range [][]byte{all[:page], all[page+size:]} {
		if err := unix.Mprotect(p, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	start := page
	if atEnd {
		start += size - bytes
	}
	guarded := *table
	guarded.Entries = unsafe.Slice((*point.Entry)(unsafe.Pointer(&all[start])), len(table.Entries))
	copy(guarded.Entries, table.Entries)
	return &guarded
}
