//go:build unix

package guard

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Pages returns memory of whole pages, of size bytes or more, between two pages
// that may not be touched: to read a byte before or after it is a fault. It is
// there until the test ends.
func Pages(t testing.TB, size int) []byte {
	t.Helper()
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
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
	return all[page : page+size : page+size]
}

// Before returns size bytes that end where a page begins that may not be
// touched.
func Before(t testing.TB, size int) []byte {
	t.Helper()
	pages := Pages(t, size)
	return pages[len(pages)-size:]
}

// After returns size bytes that begin where a page ends that may not be touched.
func After(t testing.TB, size int) []byte {
	t.Helper()
	return Pages(t, size)[:size:size]
}
