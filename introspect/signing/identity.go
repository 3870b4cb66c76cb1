package signing

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// ErrIDToken: no ID token that a key here has signed.
var ErrIDToken = errors.New("not an ID token of this issuer")

// maxIDToken bounds what is verified, in bytes.
const maxIDToken = 16 << 10

// VerifyID returns the claims of an ID token that was signed here, however long
// ago, by a key that has not been retired: as a hint an ID token is good also
// when it has expired (OpenID Connect Core, section 3.1.2.1).
func (r *Keyring) VerifyID(token []byte) ([]byte, error) {
	if len(token) > maxIDToken {
		return nil, ErrIDToken
	}
	for _, k := range r.live() {
		if k.Retired == 0 && bytes.HasPrefix(token, k.idHead) {
			if payload, ok := k.verify(token, k.idHead); ok {
				return payload, nil
			}
			break
		}
		for _, c := range k.companions {
			if header := c.heads[typeID]; k.Retired == 0 && bytes.HasPrefix(token, header) {
				if payload, ok := c.verify(token, header); ok {
					return payload, nil
				}
			}
		}
	}
	return nil, ErrIDToken
}

// Secrets derives a secret of 32 bytes a key for a purpose (HKDF-SHA256, RFC
// 5869): first that of the key that signs at now, which is for new values, then
// those of the other published keys. So what is sealed by them rotates with the
// keys, and instances that share keys share secrets.
func (r *Keyring) Secrets(purpose string, now int64) ([][]byte, error) {
	ring := r.live()
	first, err := ring.current(now)
	if err != nil {
		return nil, err
	}
	keys := []*key{first}
	for i, k := range ring {
		if k != first && ring.published(i, now) {
			keys = append(keys, k)
		}
	}
	secrets := make([][]byte, len(keys))
	for i, k := range keys {
		seed, err := base64.RawURLEncoding.Strict().DecodeString(k.Private)
		if err != nil {
			return nil, errKey
		}
		if secrets[i], err = hkdf.Key(sha256.New, seed, nil, "tollgate "+purpose, 32); err != nil {
			return nil, fmt.Errorf("deriving a secret: %w", err)
		}
	}
	return secrets, nil
}

// SignID signs the claims of an ID token (OpenID Connect Core, section 2).
func (r *Keyring) SignID(alg string, claims []byte, now int64) ([]byte, error) {
	return r.signAs(alg, typeID, claims, now)
}
