package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

const (
	issuerName = "https://auth.example.com/"
	audience   = "https://api.example.com"
	keyID      = "2026-11-a"
)

// claimSet is the payload of the tokens, and the struct that libraries which
// decode into one are given.
type claimSet struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	ClientID string   `json:"client_id"`
	Expiry   int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	ID       string   `json:"jti"`
	Session  string   `json:"sid"`
	Scope    string   `json:"scope"`
	Roles    []string `json:"roles"`
}

// issuer mints the tokens of one algorithm.
type issuer struct {
	alg     string
	public  crypto.PublicKey
	private crypto.Signer
	signer  jose.Signer
}

func newIssuer(alg string) (*issuer, error) {
	i := &issuer{alg: alg}
	var err error
	switch alg {
	case "EdDSA":
		_, i.private, err = ed25519.GenerateKey(rand.Reader)
	case "ES256":
		i.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		i.private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = fmt.Errorf("no issuer for algorithm %q", alg)
	}
	if err != nil {
		return nil, err
	}
	i.public = i.private.Public()
	i.signer, err = jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jose.JSONWebKey{Key: i.private, KeyID: keyID}},
		(&jose.SignerOptions{}).WithType("at+jwt"))
	return i, err
}

// A token in both forms, so that no case pays for a conversion.
type token struct {
	text  string
	bytes []byte
}

// mint returns n tokens of about 500 bytes that differ in subject and id.
func (i *issuer) mint(n int, lifetime time.Duration) ([]token, error) {
	now := time.Now()
	tokens := make([]token, n)
	for k := range tokens {
		text, err := josejwt.Signed(i.signer).Claims(claimSet{
			Issuer: issuerName, Subject: fmt.Sprintf("customer-%d", k), Audience: audience, ClientID: "first-party",
			IssuedAt: now.Unix(), Expiry: now.Add(lifetime).Unix(), ID: uuid.NewString(), Session: uuid.NewString(),
			Scope: "orders:read orders:write", Roles: []string{"customer"},
		}).Serialize()
		if err != nil {
			return nil, err
		}
		tokens[k] = token{text, []byte(text)}
	}
	return tokens, nil
}

// jwks is the key set document that the issuer publishes.
func (i *issuer) jwks() []byte {
	b64 := base64.RawURLEncoding.EncodeToString
	key := map[string]any{"kid": keyID, "use": "sig", "alg": i.alg}
	switch p := i.public.(type) {
	case ed25519.PublicKey:
		key["kty"], key["crv"], key["x"] = "OKP", "Ed25519", b64(p)
	case *ecdsa.PublicKey:
		point, err := p.Bytes() // 4 ‖ x ‖ y
		if err != nil {
			panic("BUG: " + err.Error())
		}
		key["kty"], key["crv"], key["x"], key["y"] = "EC", "P-256", b64(point[1:33]), b64(point[33:])
	case *rsa.PublicKey:
		key["kty"], key["n"], key["e"] = "RSA", b64(p.N.Bytes()), b64(big.NewInt(int64(p.E)).Bytes())
	}
	doc, err := json.Marshal(map[string]any{"keys": []any{key}})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return doc
}

// spoil returns the token with one bit of its signature flipped.
func spoil(t token) token {
	dot := strings.LastIndexByte(t.text, '.') + 1
	sig, err := base64.RawURLEncoding.DecodeString(t.text[dot:])
	if err != nil {
		panic("BUG: " + err.Error())
	}
	sig[len(sig)/2] ^= 1
	text := t.text[:dot] + base64.RawURLEncoding.EncodeToString(sig)
	return token{text, []byte(text)}
}
