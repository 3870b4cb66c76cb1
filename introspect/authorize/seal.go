package authorize

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// maxSealed bounds what is opened, in characters.
const maxSealed = 16 << 10

// errSealed: what came back is not what was sealed here, or too old.
var errSealed = errors.New("sealed value is not ours, or its key is gone")

// seal encrypts and authenticates v (AES-256-GCM under a key of 32 bytes, with a
// random nonce) for a purpose: what was sealed for one purpose opens for no
// other.
func seal(key []byte, purpose string, v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return "", err
	}
	b := make([]byte, aead.NonceSize(), aead.NonceSize()+len(text)+aead.Overhead())
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(aead.Seal(b, b, text, []byte(purpose))), nil
}

// open reads into v what seal made with one of keys.
func open(keys [][]byte, purpose, sealed string, v any) error {
	if len(sealed) > maxSealed {
		return errSealed
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return errSealed
	}
	for _, key := range keys {
		aead, err := newAEAD(key)
		if err != nil {
			return err
		}
		if len(b) < aead.NonceSize() {
			return errSealed
		}
		text, err := aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], []byte(purpose))
		if err == nil {
			return json.Unmarshal(text, v)
		}
	}
	return errSealed
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal seals v with the newest key.
func (s *Server) seal(purpose string, v any) (string, error) {
	keys, err := s.Keys()
	if err != nil {
		return "", err
	}
	return seal(keys[0], purpose, v)
}

// open opens what seal has made, with whichever key.
func (s *Server) open(purpose, sealed string, v any) error {
	keys, err := s.Keys()
	if err != nil {
		return err
	}
	return open(keys, purpose, sealed, v)
}
