package account

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"

	"github.com/tollgate/tollgate/introspect/store"
)

// ErrSecretLength: an imported client secret is too short for SHA-256 alone.
var ErrSecretLength = errors.New("client secret must be random and 32 to 512 bytes long")

// NewSecret makes a client secret of 256 random bits. It begins with tgs_, by
// which scanners find leaks, and names its client, so that it can stand alone
// in an X-API-Key.
func NewSecret(clientID string) string {
	var random [32]byte
	rand.Read(random[:])
	return "tgs_" + clientID + "." + base64.RawURLEncoding.EncodeToString(random[:])
}

// CheckSecret reports whether a secret from elsewhere is long enough to be a
// random one.
func CheckSecret(secret []byte) error {
	if len(secret) < 32 || len(secret) > 512 {
		return ErrSecretLength
	}
	return nil
}

// SecretMatches reports whether secret is c's.
func SecretMatches(c *store.Client, secret []byte) bool {
	d := store.DigestOf(secret)
	return subtle.ConstantTimeCompare(d[:], c.Secret[:]) == 1
}
