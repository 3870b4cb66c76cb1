//go:build unix

package ecdsa

import (
	"testing"

	"github.com/tollgate/tollgate/internal/guard"
)

// No path reads before or after the digest or the signature, at either end of a
// page.
func TestGuardPages(t *testing.T) {
	list := paths()
	m := newMaker(2)
	digests, sigs := guard.Pages(t, 1), guard.Pages(t, 1)
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
	for range 200 {
		k, digest, sig := m.next()
		want := oracle(k.public, digest, sig)
		for _, put := range []func(area, b []byte) []byte{atEnd, atStart} {
			d, s := put(digests, digest), put(sigs, sig)
			for _, p := range list {
				if got := p.verify(k.public, d, s); got != want {
					t.Fatalf("%s: %v, want %v: digest %x sig %x", p.name, got, want, d, s)
				}
			}
		}
	}
}
