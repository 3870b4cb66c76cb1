//go:build amd64 && !purego && unix

package quad

import (
	"testing"
	"unsafe"

	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/internal/guard"
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

// guardedTable returns t with its entries against a page that may not be touched,
// one after them if atEnd, and else one before.
func guardedTable(t *testing.T, table *point.Table, atEnd bool) *point.Table {
	t.Helper()
	place := guard.After
	if atEnd {
		place = guard.Before
	}
	guarded := *table
	memory := place(t, len(table.Entries)*entrySize)
	guarded.Entries = unsafe.Slice((*point.Entry)(unsafe.Pointer(&memory[0])), len(table.Entries))
	copy(guarded.Entries, table.Entries)
	return &guarded
}
