package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/auth0/go-jwt-middleware/v3/validator"
	"github.com/coreos/go-oidc/v3/oidc"
	cristalhq "github.com/cristalhq/jwt/v5"
	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	golangjwt "github.com/golang-jwt/jwt/v5"
	kataras "github.com/kataras/jwt"
	"github.com/lestrrat-go/jwx/v3/jwa"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

// verifier accepts or refuses one token: signature, issuer, audience, times,
// claims decoded.
type verifier func(t token) error

// A peer makes a verifier for the tokens of i.
type peer struct {
	name string
	make func(i *issuer) (verifier, error)
}

var peers = []peer{
	{"golang-jwt v5", newGolangJWT},
	{"jwx v3", newJWX},
	{"go-jose v4", newGoJose},
	{"go-oidc v3", newGoOIDC},
	{"cristalhq v5", newCristalhq},
	{"kataras", newKataras},
	{"auth0 middleware v3", newAuth0},
}

type golangClaims struct {
	golangjwt.RegisteredClaims
	ClientID string   `json:"client_id"`
	Session  string   `json:"sid"`
	Scope    string   `json:"scope"`
	Roles    []string `json:"roles"`
}

func newGolangJWT(i *issuer) (verifier, error) {
	p := golangjwt.NewParser(golangjwt.WithValidMethods([]string{i.alg}), golangjwt.WithIssuer(issuerName),
		golangjwt.WithAudience(audience), golangjwt.WithExpirationRequired(), golangjwt.WithIssuedAt())
	key := func(*golangjwt.Token) (any, error) { return i.public, nil }
	return func(t token) error {
		var c golangClaims
		_, err := p.ParseWithClaims(t.text, &c, key)
		return err
	}, nil
}

func newJWX(i *issuer) (verifier, error) {
	alg, ok := jwa.LookupSignatureAlgorithm(i.alg)
	if !ok {
		return nil, fmt.Errorf("jwx does not know %s", i.alg)
	}
	return func(t token) error {
		_, err := jwxjwt.Parse(t.bytes, jwxjwt.WithKey(alg, i.public), jwxjwt.WithIssuer(issuerName), jwxjwt.WithAudience(audience))
		return err
	}, nil
}

func newGoJose(i *issuer) (verifier, error) {
	algs := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(i.alg)}
	return func(t token) error {
		parsed, err := josejwt.ParseSigned(t.text, algs)
		if err != nil {
			return err
		}
		var std josejwt.Claims
		var own claimSet
		if err := parsed.Claims(i.public, &std, &own); err != nil {
			return err
		}
		return std.Validate(josejwt.Expected{Issuer: issuerName, AnyAudience: josejwt.Audience{audience}, Time: time.Now()})
	}, nil
}

func newGoOIDC(i *issuer) (verifier, error) {
	v := oidc.NewVerifier(issuerName, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{i.public}},
		&oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{i.alg}})
	ctx := context.Background()
	return func(t token) error {
		id, err := v.Verify(ctx, t.text)
		if err != nil {
			return err
		}
		var own claimSet
		return id.Claims(&own)
	}, nil
}

func newCristalhq(i *issuer) (verifier, error) {
	var v cristalhq.Verifier
	var err error
	switch k := i.public.(type) {
	case ed25519.PublicKey:
		v, err = cristalhq.NewVerifierEdDSA(k)
	case *ecdsa.PublicKey:
		v, err = cristalhq.NewVerifierES(cristalhq.Algorithm(i.alg), k)
	case *rsa.PublicKey:
		v, err = cristalhq.NewVerifierRS(cristalhq.Algorithm(i.alg), k)
	}
	if err != nil {
		return nil, err
	}
	return func(t token) error {
		parsed, err := cristalhq.Parse(t.bytes, v)
		if err != nil {
			return err
		}
		var c claimSet
		if err := json.Unmarshal(parsed.Claims(), &c); err != nil {
			return err
		}
		return c.check()
	}, nil
}

func newKataras(i *issuer) (verifier, error) {
	alg := map[string]kataras.Alg{"EdDSA": kataras.EdDSA, "ES256": kataras.ES256, "RS256": kataras.RS256}[i.alg]
	// Its own header check wants the bytes {"alg":…,"typ":"JWT"}; this is the
	// check its documentation suggests for headers with a kid.
	header := func(name string, decoded []byte) (kataras.Alg, kataras.PublicKey, kataras.InjectFunc, error) {
		var h kataras.HeaderWithKid
		if err := json.Unmarshal(decoded, &h); err != nil {
			return nil, nil, nil, err
		}
		if h.Alg != name || h.Kid != keyID {
			return nil, nil, nil, kataras.ErrTokenAlg
		}
		return alg, nil, nil, nil
	}
	return func(t token) error {
		parsed, err := kataras.VerifyWithHeaderValidator(alg, i.public, t.bytes, header, kataras.Expected{Issuer: issuerName, Audience: kataras.Audience{audience}})
		if err != nil {
			return err
		}
		var c claimSet
		return parsed.Claims(&c)
	}, nil
}

func (c *claimSet) Validate(context.Context) error { return nil }

func newAuth0(i *issuer) (verifier, error) {
	v, err := validator.New(
		validator.WithKeyFunc(func(context.Context) (any, error) { return i.public, nil }),
		validator.WithAlgorithm(validator.SignatureAlgorithm(i.alg)),
		validator.WithIssuer(issuerName),
		validator.WithAudience(audience),
		validator.WithCustomClaims(func() *claimSet { return new(claimSet) }))
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	return func(t token) error {
		_, err := v.ValidateToken(ctx, t.text)
		return err
	}, nil
}

// check is what a user of a library without claim checks writes.
func (c *claimSet) check() error {
	now := time.Now().Unix()
	switch {
	case c.Issuer != issuerName:
		return errors.New("issuer")
	case c.Audience != audience:
		return errors.New("audience")
	case now >= c.Expiry, now < c.IssuedAt:
		return errors.New("time")
	}
	return nil
}
