//go:build unix

package ed25519

import (
	std "crypto/ed25519"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// guarded returns memory of whole pages between two pages that may not be
// touched: to read a byte before or after it is a fault.
func guarded(t *testing.T, size int) []byte {
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

// No path reads before or after the message, the signature or the key, for
// messages of every length up to three blocks of SHA-512, at either end of a
// page.
func TestGuardPages(t *testing.T) {
	private := std.NewKeyFromSeed(make([]byte, std.SeedSize))
	list := paths()
	messages, sigs, keys := guarded(t, 1), guarded(t, 1), guarded(t, 1)
	atEnd := func(area, b []byte) []byte {
		place := area[len(area)-len(b):]
		copy(place, b)
		return place
	}
	atStart := func(area, b []byte) []byte {
		place := area[:len(b):len(b)]
		copy(place, b)
		return place
	}
	for n := range 400 {
		message := make([]byte, n)
		for i := range message {
			message[i] = byte(i + n)
		}
		sig := std.Sign(private, message)
		for _, put := range []func(area, b []byte) []byte{atEnd, atStart} {
			k, m, s := put(keys, private[32:]), put(messages, message), put(sigs, sig)
			for _, p := range list {
				if !p.verify(k, m, s) {
					t.Fatalf("%s refuses a good signature of %d bytes", p.name, n)
				}
			}
		}
	}
}
