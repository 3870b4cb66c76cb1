//go:build amd64 && !purego && unix

package ifma

import (
	"testing"
	"unsafe"

	"github.com/tollgate/tollgate/engine/ed25519/internal/point"
	"github.com/tollgate/tollgate/internal/guard"
)

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

// Accumulate reads the entries that it is asked for and nothing past them: the
// first and the last entry of a table between guard pages, by one lane a window
// and by eight windows a step, as many steps as the table has.
func TestGuardPages(t *testing.T) {
	need(t)
	q := point.Base()
	for _, w := range []int{8, 4} {
		plain := point.NewTable(&q, w)
		top := int8(-1) << (w - 1)
		for _, atEnd := range []bool{false, true} {
			table := guardedTable(t, plain, atEnd)
			for _, digit := range []int8{0, 1, top} {
				want := point.Identity()
				all := make([]int8, table.Windows)
				for i := range all {
					all[i] = digit
				}
				plain.AddMultiple(&want, all)

				digits := make([][8]int8, table.Windows)
				for i := range digits {
					for j := range 8 {
						digits[i][j] = digit
					}
				}
				var windows [8]*point.Entry
				for j := range windows {
					windows[j] = &table.Entries[0]
				}
				got := Identity()
				Accumulate(&got, &windows, digits, table.Stride)
				for j := range 8 {
					if g := lane(&got, j); g.Bytes() != want.Bytes() {
						t.Fatalf("windows of %d bits, digits %d, lane %d: %x, want %x", w, digit, j, g.Bytes(), want.Bytes())
					}
				}

				for j := range windows {
					windows[j] = &table.Entries[j*table.Stride]
				}
				got = Identity()
				Accumulate(&got, &windows, digits[:table.Windows/8], 8*table.Stride)
				Sum(&got)
				if g := lane(&got, 0); g.Bytes() != want.Bytes() {
					t.Fatalf("windows of %d bits, digits %d, across: %x, want %x", w, digit, g.Bytes(), want.Bytes())
				}
			}
		}
	}
}
