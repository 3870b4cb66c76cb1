package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/keyset"
)

// Two issuers, both with a key called k1: a token is checked against the key of
// the one it names, whatever other key would verify it.
func TestIssuers(t *testing.T) {
	const a, b = "https://a.example", "https://b.example"
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{
		{Name: a, Keys: keyset.Fixed(snapshot(t, "k1"))},
		{Name: b, Keys: keyset.Fixed(parse(t, keyset.Public{ID: "k1", Key: privateKey("k1 of b").Public()}, keyset.Public{ID: "k2", Key: privateKey("k2").Public()}))},
	}})
	f := func(code, iss, key string) {
		t.Helper()
		kid, _, _ := strings.Cut(key, " ")
		token := sealed(eddsa(key), `{"alg":"EdDSA","kid":"`+kid+`","typ":"at+jwt"}`, payload(t, map[string]any{"iss": iss}))
		for range 2 {
			if _, err := e.Verify(token); engine.Code(err) != code {
				t.Errorf("%s under %s: %q (%v), want %q", iss, key, engine.Code(err), err, code)
			}
		}
	}
	f("", a, "k1")
	f("", b, "k1 of b")
	f("", b, "k2")
	f("signature", a, "k1 of b")
	f("signature", b, "k1")
	f("unknown_key", a, "k2")
	f("issuer", "https://c.example", "k1")
	f("issuer", a+"/", "k1")
}

// The only issuer may go unnamed, and then any iss is taken, but not none.
func TestAnyIssuer(t *testing.T) {
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{{Keys: usual(t).Keys}}})
	c, err := e.Verify(sign(t, "k1", goodClaims(map[string]any{"iss": "https://anybody.example"})))
	if err != nil || c.Issuer() != "https://anybody.example" {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := e.Verify(sign(t, "k1", goodClaims(map[string]any{"iss": nil}))); !errors.Is(err, engine.ErrMissingClaim) {
		t.Error(err)
	}
}

// An issuer as they are elsewhere: no at+jwt, other names, less in its tokens.
func TestIssuerMapping(t *testing.T) {
	f := func(i engine.Issuer, header string, changes map[string]any, roles, scopes, client string) {
		t.Helper()
		i.Name, i.Keys = issuerName, usual(t).Keys
		e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
		c, err := e.Verify(sealed(eddsa("k1"), header, payload(t, changes)))
		if err != nil {
			t.Errorf("%+v: %v", i, err)
		} else if c.RoleList() != roles || c.ScopeList() != scopes || c.ClientID() != client {
			t.Errorf("%+v: roles %q, scopes %q, client %q", i, c.RoleList(), c.ScopeList(), c.ClientID())
		}
	}
	const typJWT = `{"alg":"EdDSA","kid":"k1","typ":"JWT"}`
	realm := map[string]any{"roles": []string{"user", "offline_access"}}
	f(engine.Issuer{Type: "JWT", RoleClaims: []string{"realm_access.roles"}, ClientClaims: []string{"azp"}}, typJWT,
		map[string]any{"client_id": nil, "azp": "web", "realm_access": realm, "roles": nil}, "user,offline_access", "orders:read orders:write", "web")
	f(engine.Issuer{Type: "JWT", RoleClaims: []string{"https://a.example/roles"}, ScopeClaims: []string{"permissions"}, OptionalClaims: []string{"client_id", "jti"}}, typJWT,
		map[string]any{"client_id": nil, "jti": nil, "https://a.example/roles": []string{"r"}, "permissions": []string{"p:1", "p:2"}}, "r", "p:1 p:2", "")
	f(engine.Issuer{Type: engine.TypeNone, RoleClaims: []string{"cognito:groups"}, OptionalClaims: []string{"aud"}}, `{"alg":"EdDSA","kid":"k1"}`,
		map[string]any{"aud": nil, "cognito:groups": []string{"g"}}, "g", "orders:read orders:write", "first-party")
}

func TestIssuerType(t *testing.T) {
	f := func(typ, header, code string) {
		t.Helper()
		i := usual(t)
		i.Type = typ
		e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
		if _, err := e.Verify(sealed(eddsa("k1"), header, payload(t, nil))); engine.Code(err) != code {
			t.Errorf("type %q, %s: %v, want %q", typ, header, err, code)
		}
	}
	at, app, id, none := `{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"k1","typ":"application/at+jwt"}`,
		`{"alg":"EdDSA","kid":"k1","typ":"JWT"}`, `{"alg":"EdDSA","kid":"k1"}`
	for _, typ := range []string{"", engine.TypeAccessToken} {
		f(typ, at, "")
		f(typ, app, "")
		f(typ, id, "type")
		f(typ, none, "type")
	}
	f("JWT", id, "")
	f("JWT", at, "type")
	f("JWT", app, "type")
	f("JWT", none, "type")
	f(engine.TypeNone, none, "")
	f(engine.TypeNone, at, "type")
	f(engine.TypeNone, `{"alg":"EdDSA","kid":"k1","typ":"none"}`, "type")
}

func TestIssuerAlgorithms(t *testing.T) {
	i := usual(t)
	i.Algorithms = []string{"ES256", "RS256"}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
	if _, err := e.Verify(sign(t, "k1", goodClaims(nil))); !errors.Is(err, engine.ErrAlgorithm) {
		t.Errorf("a key whose algorithm the issuer may not use: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	f := func(what string, issuers ...engine.Issuer) {
		t.Helper()
		if _, err := engine.New(engine.Config{Issuers: issuers}); !errors.Is(err, engine.ErrConfig) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	with := func(change func(*engine.Issuer)) engine.Issuer {
		i := usual(t)
		change(&i)
		return i
	}
	f("no issuers")
	f("no keys", engine.Issuer{Name: "a"})
	f("has no name", usual(t), with(func(i *engine.Issuer) { i.Name = "" }))
	f("has no name", with(func(i *engine.Issuer) { i.Name = "" }), usual(t))
	f("two issuers", usual(t), usual(t))
	f("skew", with(func(i *engine.Issuer) { i.Skew = claims.MaxSkew + 1 }))
	f("skew", with(func(i *engine.Issuer) { i.Skew = -1 }))
	f("lifetime", with(func(i *engine.Issuer) { i.MaxLifetime = -time.Second }))
	for _, alg := range []string{"none", "HS256", "eddsa", ""} {
		f("algorithm", with(func(i *engine.Issuer) { i.Algorithms = []string{"EdDSA", alg} }))
	}
	f("path", with(func(i *engine.Issuer) { i.RoleClaims = []string{"a..b"} }))
	f("optional", with(func(i *engine.Issuer) { i.OptionalClaims = []string{"exp"} }))
}
