package account

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/url"
	"unicode"
	"unicode/utf8"

	"github.com/tollgate/tollgate/introspect/store"
)

var (
	// ErrSecretLength: an imported client secret is too short for SHA-256 alone.
	ErrSecretLength = errors.New("client secret must be random and 32 to 512 bytes long")
	// ErrSecretText: an imported client secret could not be kept in a file or
	// sent by every client.
	ErrSecretText = errors.New("client secret must be UTF-8 without control characters, and must not begin or end with white space")
)

// NewSecret makes a client secret of 256 random bits. It begins with tgs_, by
// which scanners find leaks, and names its client, so that it can stand alone
// in an X-API-Key.
func NewSecret(clientID string) string {
	var random [32]byte
	rand.Read(random[:])
	return "tgs_" + clientID + "." + base64.RawURLEncoding.EncodeToString(random[:])
}

// CheckSecret reports whether a secret from elsewhere is long enough to be a
// random one, and can be kept and sent.
func CheckSecret(secret []byte) error {
	if len(secret) < 32 || len(secret) > 512 {
		return ErrSecretLength
	}
	if !utf8.Valid(secret) || bytes.ContainsFunc(secret, unicode.IsControl) || len(bytes.TrimSpace(secret)) != len(secret) {
		return ErrSecretText
	}
	return nil
}

// SecretMatches reports whether shown, as a client has sent it, is one of c's
// secrets. RFC 6749, section 2.3.1, has secrets form-encoded before they are
// put into Basic credentials; some clients do that, some encode a space as %20
// and leave a plus sign as it is, and many, curl among them, encode nothing. All
// of that is accepted. Text that is not UTF-8 is taken for Latin-1, which older
// HTTP libraries send.
func SecretMatches(c *store.Client, shown []byte) bool {
	if matches(c, shown) {
		return true
	}
	if !bytes.ContainsAny(shown, "%+") {
		return false
	}
	for _, decode := range []func(string) (string, error){url.QueryUnescape, url.PathUnescape} {
		if decoded, err := decode(string(shown)); err == nil && matches(c, []byte(decoded)) {
			return true
		}
	}
	return false
}

// matches compares one reading of a secret with c's secrets.
func matches(c *store.Client, secret []byte) bool {
	if !utf8.Valid(secret) {
		secret = fromLatin1(secret)
	}
	d := store.DigestOf(secret)
	found := 0
	for _, kept := range c.Secrets() {
		found |= subtle.ConstantTimeCompare(d[:], kept.Digest[:])
	}
	return found == 1
}

func fromLatin1(text []byte) []byte {
	out := make([]byte, 0, 2*len(text))
	for _, c := range text {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}
