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
	f(engine.Issuer{Types: []string{"JWT"}, RoleClaims: []string{"realm_access.roles"}, ClientClaims: []string{"azp"}}, typJWT,
		map[string]any{"client_id": nil, "azp": "web", "realm_access": realm, "roles": nil}, "user,offline_access", "orders:read orders:write", "web")
	f(engine.Issuer{Types: []string{"JWT"}, RoleClaims: []string{"https://a.example/roles"}, ScopeClaims: []string{"permissions"}, OptionalClaims: []string{"client_id", "jti"}}, typJWT,
		map[string]any{"client_id": nil, "jti": nil, "https://a.example/roles": []string{"r"}, "permissions": []string{"p:1", "p:2"}}, "r", "p:1 p:2", "")
	f(engine.Issuer{Types: []string{engine.TypeNone}, RoleClaims: []string{"cognito:groups"}, OptionalClaims: []string{"aud"}}, `{"alg":"EdDSA","kid":"k1"}`,
		map[string]any{"aud": nil, "cognito:groups": []string{"g"}}, "g", "orders:read orders:write", "first-party")
}

func TestIssuerTypes(t *testing.T) {
	f := func(types []string, header, code string) {
		t.Helper()
		i := usual(t)
		i.Types = types
		e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
		if _, err := e.Verify(sealed(eddsa("k1"), header, payload(t, nil))); engine.Code(err) != code {
			t.Errorf("types %q, %s: %v, want %q", types, header, err, code)
		}
	}
	with := func(typ string) string { return `{"alg":"EdDSA","kid":"k1","typ":"` + typ + `"}` }
	none := `{"alg":"EdDSA","kid":"k1"}`
	for _, types := range [][]string{nil, {engine.TypeAccessToken}, {"application/at+jwt"}, {"AT+JWT"}} {
		for _, typ := range []string{"at+jwt", "application/at+jwt", "AT+JWT", "At+Jwt", "Application/AT+jwt"} {
			f(types, with(typ), "")
		}
		for _, typ := range []string{"JWT", "", "none", "at+jwt ", "application/", "application/application/at+jwt", "at", "+jwt"} {
			f(types, with(typ), "type")
		}
		f(types, none, "type")
	}
	f([]string{"JWT"}, with("JWT"), "")
	f([]string{"JWT"}, with("jwt"), "")
	f([]string{"JWT"}, with("at+jwt"), "type")
	f([]string{"JWT"}, none, "type")
	// a migration: half of the tokens say one, half the other
	for _, typ := range []string{"JWT", "at+jwt"} {
		f([]string{"JWT", "at+jwt"}, with(typ), "")
	}
	f([]string{"JWT", "at+jwt"}, with("id+jwt"), "type")
	f([]string{engine.TypeNone}, none, "")
	f([]string{engine.TypeNone}, with(""), "")
	f([]string{engine.TypeNone}, `{"alg":"EdDSA","kid":"k1","typ":null}`, "")
	f([]string{engine.TypeNone}, with("at+jwt"), "type")
	f([]string{engine.TypeNone}, with("none"), "type")
	f([]string{engine.TypeNone}, with("application/"), "type")
	f([]string{engine.TypeNone, "JOSE"}, with("jose"), "")
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
	f("empty type", with(func(i *engine.Issuer) { i.Types = []string{""} }))
	f("rule", with(func(i *engine.Issuer) { i.Require = map[string][]string{"exp": {"1"}} }))
	f("allows nothing", with(func(i *engine.Issuer) { i.Require = map[string][]string{"hd": {}} }))
	f("needs a rule", with(func(i *engine.Issuer) { i.Name = "https://{tid}/x" }))
	f("braces", with(func(i *engine.Issuer) { i.Name = "https://{tid/x"; i.Require = map[string][]string{"tid": {"1"}} }))
	f("braces", with(func(i *engine.Issuer) { i.Name = "https://tid}/x" }))
	f("touch", with(func(i *engine.Issuer) {
		i.Name = "https://{a}{b}"
		i.Require = map[string][]string{"a": {"1"}, "b": {"1"}}
	}))
	f("no aliases", with(func(i *engine.Issuer) {
		i.Name = "https://{a}/"
		i.Aliases = []string{"x"}
		i.Require = map[string][]string{"a": {"1"}}
	}))
	f("two issuers", usual(t), with(func(i *engine.Issuer) { i.Name = "b"; i.Aliases = []string{issuerName} }))
	f("trust domain", with(func(i *engine.Issuer) { i.TrustDomain = "spiffe://td" }))
	f("trust domain", with(func(i *engine.Issuer) { i.TrustDomain = "td" }), with(func(i *engine.Issuer) { i.Name = "b"; i.TrustDomain = "td" }))
}

// A name with a place: what stands there is bounded by the rule of that name.
func TestPatternName(t *testing.T) {
	pattern := usual(t)
	pattern.Name = "https://login.example/{tid}/v2.0"
	pattern.Require = map[string][]string{"tid": {"t1", "t2*"}, "ver": {"2.0"}}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t), pattern}})
	f := func(code, iss string, changes map[string]any) {
		t.Helper()
		c := map[string]any{"iss": iss, "ver": "2.0"}
		for k, v := range changes {
			c[k] = v
		}
		token := sealed(eddsa("k1"), header, payload(t, c))
		for range 2 {
			if got, err := e.Verify(token); engine.Code(err) != code || err == nil && got.Issuer() != iss {
				t.Errorf("%s %v: %v, want %q", iss, changes, err, code)
			}
		}
	}
	f("", "https://login.example/t1/v2.0", map[string]any{"tid": "t1"})
	f("", "https://login.example/t1/v2.0", nil)
	f("", "https://login.example/t2x/v2.0", nil)
	f("claim", "https://login.example/t1/v2.0", map[string]any{"tid": "t2"})
	f("claim", "https://login.example/t1/v2.0", map[string]any{"ver": "1.0"})
	for _, iss := range []string{"https://login.example/t3/v2.0", "https://login.example//v2.0", "https://login.example/t2/x/v2.0", "https://login.example/t1/v2.0/",
		"https://login.example/{tid}/v2.0", "https://login.example/t1", "xhttps://login.example/t1/v2.0", "https://login.example/v2.0"} {
		f("issuer", iss, nil)
	}
	f("", issuerName, nil)
}

func TestRequire(t *testing.T) {
	i := usual(t)
	i.Require = map[string][]string{"token_use": {"access"}, "realm.tier": {"gold", "s*"}}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
	f := func(code string, changes map[string]any) {
		t.Helper()
		for range 2 {
			if _, err := e.Verify(sealed(eddsa("k1"), header, payload(t, changes))); engine.Code(err) != code {
				t.Errorf("%v: %v, want %q", changes, err, code)
			}
		}
	}
	tier := func(v any) map[string]any { return map[string]any{"tier": v} }
	f("", map[string]any{"token_use": "access", "realm": tier("gold")})
	f("", map[string]any{"token_use": "access", "realm": tier([]string{"x", "silver"})})
	f("claim", map[string]any{"token_use": "id", "realm": tier("gold")})
	f("claim", map[string]any{"token_use": "access", "realm": tier("bronze")})
	f("claim", map[string]any{"token_use": "access"})
	f("claim", map[string]any{"token_use": "access", "realm": "gold"})
	// the reasons come in this order
	f("audience", map[string]any{"token_use": "id", "aud": "x"})
	f("claim", map[string]any{"token_use": "id", "exp": 1})
	f("claim", map[string]any{"token_use": "id", "cnf": map[string]any{"jkt": "x"}})
}

func TestAliases(t *testing.T) {
	i := usual(t)
	i.Aliases = []string{"issuer.example"}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
	for iss, code := range map[string]string{issuerName: "", "issuer.example": "", "http://issuer.example": "issuer"} {
		if _, err := e.Verify(sign(t, "k1", goodClaims(map[string]any{"iss": iss}))); engine.Code(err) != code {
			t.Errorf("%s: %v, want %q", iss, err, code)
		}
	}
}

// Tokens are refused by their length before any work.
func TestMaxToken(t *testing.T) {
	f := func(maxToken, size int, code string) {
		t.Helper()
		e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}, MaxToken: maxToken})
		pad := 0
		var token []byte
		for len(token) < size {
			token = sign(t, "k1", goodClaims(map[string]any{"pad": strings.Repeat("x", pad)}))
			pad += max(1, (size-len(token))*3/4-3)
		}
		for range 2 {
			if _, err := e.Verify(token); engine.Code(err) != code {
				t.Errorf("%d bytes, bound %d: %v, want %q", len(token), maxToken, err, code)
			}
		}
	}
	f(0, 8000, "")
	f(0, 8300, "malformed")
	f(1000, 1100, "malformed")
	f(16<<10, 12<<10, "")
	f(32<<10, 32000, "")
	f(32<<10, 33000, "malformed")
}
