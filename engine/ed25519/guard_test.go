//go:build unix

package ed25519

import (
	std "crypto/ed25519"
	"testing"

	"github.com/tollgate/tollgate/internal/guard"
)

// No path reads before or after the message, the signature or the key, for
// messages of every length up to three blocks of SHA-512, at either end of a
// page.
func TestGuardPages(t *testing.T) {
	private := std.NewKeyFromSeed(make([]byte, std.SeedSize))
	list := paths()
	messages, sigs, keys := guard.Pages(t, 1), guard.Pages(t, 1), guard.Pages(t, 1)
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
