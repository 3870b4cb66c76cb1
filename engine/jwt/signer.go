package jwt

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// A Signer makes tokens of one type under one Ed25519 key. It is safe to share.
type Signer struct {
	header string // encoded, with the dot after it
	key    ed25519.PrivateKey
}

// NewSigner returns a Signer whose tokens say kid and typ.
func NewSigner(kid string, key ed25519.PrivateKey, typ string) (*Signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("signing key is %d bytes, not %d", len(key), ed25519.PrivateKeySize)
	}
	header, err := json.Marshal(struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
		Typ string `json:"typ,omitempty"`
	}{"EdDSA", kid, typ})
	if err != nil {
		return nil, err
	}
	return &Signer{base64.RawURLEncoding.EncodeToString(header) + ".", key}, nil
}

// Sign makes a token of claims, which is anything that encodes to a JSON object.
func (s *Signer) Sign(claims any) ([]byte, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	return s.Append(nil, payload), nil
}

// Append appends the token of payload, the JSON of its claims, to dst.
func (s *Signer) Append(dst, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, s.header...)
	dst = base64.RawURLEncoding.AppendEncode(dst, payload)
	signature := ed25519.Sign(s.key, dst[start:])
	dst = append(dst, '.')
	return base64.RawURLEncoding.AppendEncode(dst, signature)
}
