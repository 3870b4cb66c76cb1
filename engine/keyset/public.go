package keyset

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// A Public is a key for others to verify with.
type Public struct {
	ID        string
	Algorithm string           // "" for the first of its kind: EdDSA, ES256 (by curve), RS256
	Key       crypto.PublicKey // ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey
}

// Marshal writes the JWK set of keys, in their order. The same keys make the same
// bytes.
func Marshal(keys ...Public) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{make([]jwk, 0, len(keys))}
	for _, k := range keys {
		j, err := k.jwk()
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", k.ID, err)
		}
		set.Keys = append(set.Keys, j)
	}
	return json.Marshal(set)
}

type jwk struct {
	Kind      string `json:"kty"`
	Curve     string `json:"crv,omitempty"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
}

func (p Public) jwk() (jwk, error) {
	j := jwk{ID: p.ID, Use: "sig"}
	encode := base64.RawURLEncoding.EncodeToString
	switch key := p.Key.(type) {
	case ed25519.PublicKey:
		j.Kind, j.Curve, j.X = "OKP", "Ed25519", encode(key)
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			return jwk{}, err
		}
		half := len(point) / 2 // after the byte that says uncompressed
		j.Kind, j.Curve = "EC", key.Params().Name
		j.X, j.Y = encode(point[1:1+half]), encode(point[1+half:])
	case *rsa.PublicKey:
		j.Kind, j.N, j.E = "RSA", encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes())
	default:
		return jwk{}, ErrKind
	}
	serves, err := choose(p.Algorithm, j.Kind, j.Curve)
	if err != nil {
		return jwk{}, err
	}
	j.Algorithm = serves[0].name
	return j, nil
}
