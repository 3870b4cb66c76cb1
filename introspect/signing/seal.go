package signing

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrSeal: the secret that keys are sealed by is too short to guess at.
	ErrSeal = errors.New("the secret that seals signing keys must be random, 32 to 512 characters a line, two lines at most")
	// ErrSealed: a key was sealed by another secret, or has been tampered with.
	ErrSealed = errors.New("signing key cannot be opened: another secret has sealed it")
)

// A Seal encrypts the records of keys with a secret of the operator's, so that
// whoever can read or write the store can neither sign nor put a key of his own
// there. A record is a version byte, a nonce of 12 random bytes and AES-256-GCM of
// the JSON; the kid is authenticated with it. The key is HKDF-SHA256 of the secret.
type Seal struct{ boxes []cipher.AEAD } // the first seals, all open

const (
	sealVersion = 1
	sealPurpose = "tollgate signing keys"
)

// NewSeal makes a Seal of a secret. A second line is the secret before: what it
// has sealed is still opened, and sealed anew by the first.
func NewSeal(text string) (*Seal, error) {
	lines := strings.Fields(text)
	if len(lines) < 1 || len(lines) > 2 {
		return nil, ErrSeal
	}
	s := &Seal{}
	for _, line := range lines {
		if len(line) < 32 || len(line) > 512 {
			return nil, ErrSeal
		}
		key, err := hkdf.Key(sha256.New, []byte(line), nil, sealPurpose, 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		box, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		s.boxes = append(s.boxes, box)
	}
	return s, nil
}

// seal encrypts text, the record of the key called kid.
func (s *Seal) seal(kid string, text []byte) []byte {
	box := s.boxes[0]
	out := make([]byte, 1+box.NonceSize(), 1+box.NonceSize()+len(text)+box.Overhead())
	out[0] = sealVersion
	rand.Read(out[1:])
	return box.Seal(out, out[1:], text, []byte(kid))
}

// open decrypts what seal made for the same kid. old: an older secret did.
func (s *Seal) open(kid string, sealed []byte) (text []byte, old bool, err error) {
	for i, box := range s.boxes {
		if len(sealed) < 1+box.NonceSize() || sealed[0] != sealVersion {
			break
		}
		nonce := sealed[1 : 1+box.NonceSize()]
		if text, err := box.Open(nil, nonce, sealed[1+len(nonce):], []byte(kid)); err == nil {
			return text, i > 0, nil
		}
	}
	return nil, false, fmt.Errorf("%w: %q", ErrSealed, kid)
}
