package engine_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"maps"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

const (
	issuerName = "https://issuer.example"
	audience   = "orders"
)

// now is the time of all tests that do not need another.
var now = time.Unix(1_800_000_000, 0)

func clock() time.Time { return now }

// privateKey is the same for one name in every run.
func privateKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// snapshot is a set of Ed25519 keys, each called as its private key is.
func snapshot(t testing.TB, names ...string) *keyset.Snapshot {
	t.Helper()
	var keys []keyset.Public
	for _, name := range names {
		keys = append(keys, keyset.Public{ID: name, Key: privateKey(name).Public()})
	}
	return parse(t, keys...)
}

func parse(t testing.TB, keys ...keyset.Public) *keyset.Snapshot {
	t.Helper()
	set, err := keyset.Marshal(keys...)
	if err != nil {
		t.Fatal(err)
	}
	s, refused, err := keyset.Parse(set)
	if err != nil || len(refused) > 0 {
		t.Fatal(err, refused)
	}
	return s
}

// goodClaims are claims that the usual issuer's policy accepts now.
func goodClaims(changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": issuerName, "sub": "customer-1", "aud": audience, "client_id": "first-party",
		"iat": now.Unix() - 60, "exp": now.Unix() + 600, "jti": "3f0c9e6e-6d5f-4c1e-9f3a-0d8f5b7f6a11",
		"sid": "9b2f1c", "scope": "orders:read orders:write", "roles": []string{"customer", "beta"},
	}
	maps.Copy(c, changes)
	for k, v := range c {
		if v == nil {
			delete(c, k)
		}
	}
	return c
}

// sign makes an at+jwt under the Ed25519 key called kid.
func sign(t testing.TB, kid string, claims any) []byte {
	t.Helper()
	s, err := jwt.NewSigner(kid, privateKey(kid), "at+jwt")
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// newEngine makes an engine at now that lives as long as the test.
func newEngine(t testing.TB, c engine.Config) *engine.Engine {
	t.Helper()
	if c.Now == nil {
		c.Now = clock
	}
	e, err := engine.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// usual is the issuer of most tests, with the key k1.
func usual(t testing.TB) engine.Issuer {
	return engine.Issuer{Name: issuerName, Audiences: []string{audience}, Keys: keyset.Fixed(snapshot(t, "k1"))}
}
