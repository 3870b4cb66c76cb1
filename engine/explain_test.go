package engine_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
)

// What operators read of each refusal: what was expected and what was there.
func TestExplain(t *testing.T) {
	revoked := revocation.NewSet()
	revoked.Apply(revocation.Batch{Events: []revocation.Event{{Kind: revocation.Token, ID: "gone", Expires: now.Add(time.Hour).Unix()}}})
	issuer := usual(t)
	issuer.Revocations, issuer.Skew, issuer.MaxLifetime = revoked, 30*time.Second, time.Hour
	issuer.Require = map[string][]string{"hd": {"example.com", "example.org"}}
	issuer.TokenIDClaims = []string{"jti", "uti"}
	pattern := engine.Issuer{Name: "https://login.example/{tid}/v2.0", Keys: usual(t).Keys, Require: map[string][]string{"tid": {"t1"}},
		Algorithms: []string{"RS256"}, Types: []string{"JWT", "none"}}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{issuer, pattern}})
	good := func(changes map[string]any) string {
		c := map[string]any{"hd": "example.com"}
		for k, v := range changes {
			c[k] = v
		}
		return payload(t, c)
	}
	check := func(token []byte, issuer, code string, want ...string) {
		t.Helper()
		x := e.Explain(token)
		_, err := e.Verify(token)
		if engine.Code(x.Err) != code || engine.Code(err) != code || x.Issuer != issuer {
			t.Errorf("explained as %v of %q, verified as %v; want %q of %q", x.Err, x.Issuer, err, code, issuer)
		}
		for _, w := range want {
			if !strings.Contains(x.Detail, w) {
				t.Errorf("%s: the detail is\n  %s\nwhich has no\n  %s", code, x.Detail, w)
			}
		}
	}
	f := func(code, header, payload string, want ...string) {
		t.Helper()
		name := issuerName
		if code == "issuer" || code == "malformed" || strings.Contains(header, "HS256") || strings.Contains(header, "none") {
			name = ""
		}
		check(sealed(eddsa("k1"), header, payload), name, code, want...)
	}
	claim := func(code string, changes map[string]any, want ...string) {
		t.Helper()
		f(code, header, good(changes), want...)
	}
	f("", header, good(nil))
	f("malformed", `{"alg":"EdDSA","crit":["x"]}`, good(nil), "header asks for an extension")
	check(nil, "", "malformed", "empty")
	check([]byte("tg_opaque"), "", "malformed", "not a JWT: 1 parts", "introspection")
	check([]byte("a.b.c.d.e"), "", "malformed", "encrypted (JWE)")
	check([]byte(strings.Repeat("a", 9000)), "", "malformed", "9000 bytes; at most 8192")
	f("algorithm", `{"alg":"HS256"}`, good(nil), "HS256: this issuer signs with a shared secret; choose a signing key there")
	f("algorithm", `{"alg":"none"}`, good(nil), "not signed")
	f("algorithm", `{"alg":"ES256","kid":"k1","typ":"at+jwt"}`, good(nil), `the token says alg ES256, and its key "k1" is for EdDSA`)
	claim("issuer", map[string]any{"iss": issuerName + "/"}, "iss differs only by the slash at the end", issuerName+`/"`)
	claim("issuer", map[string]any{"iss": "https://ISSUER.example"}, "differs only in case")
	claim("issuer", map[string]any{"iss": "http://issuer.example"}, "differs only by the scheme")
	claim("issuer", map[string]any{"iss": "https://login.example/t9/v2.0"}, "the rule of require")
	claim("issuer", map[string]any{"iss": "https://x.example"}, `iss is "https://x.example"; the configuration has one of "https://issuer.example", "https://login.example/{tid}/v2.0"`)
	f("type", `{"alg":"EdDSA","kid":"k1","typ":"JWT"}`, good(nil), `typ is "JWT"; want "at+jwt"`)
	f("type", `{"alg":"EdDSA","kid":"k1"}`, good(nil), `no typ; want "at+jwt"`)
	f("unknown_key", `{"alg":"EdDSA","kid":"k9","typ":"at+jwt"}`, good(nil), `no key with kid "k9"; the set has k1 (EdDSA)`)
	f("unknown_key", `{"alg":"RS256","typ":"at+jwt"}`, good(nil), "no kid, and there is no key for RS256")
	check(sealed(eddsa("k2"), header, good(nil)), issuerName, "signature", `not that of key "k1"`)
	check(sealed(eddsa("k2"), `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","nonce":"x"}`, good(nil)), issuerName, "signature", "Microsoft Graph")
	claim("missing_claim", map[string]any{"jti": nil, "aud": nil}, "no aud, no jti (looked for in jti, uti)")
	f("missing_claim", header, good(map[string]any{"sub": ""}), "no sub")
	claim("audience", map[string]any{"aud": []string{"a", "b"}}, `aud is ["a","b"]; want "orders"`)
	claim("claim", map[string]any{"hd": "example.net"}, `hd is "example.net"; require wants one of "example.com", "example.org"`)
	claim("claim", map[string]any{"hd": nil}, "hd is absent")
	claim("claim", map[string]any{"hd": "a\nb\x1b"}, `hd is "a\\nb\\u001b"`)
	claim("bound", map[string]any{"cnf": map[string]any{"jkt": "thumb"}}, `{"jkt":"thumb"}`)
	claim("expired", map[string]any{"exp": now.Unix() - 42}, "exp was 42s ago", "with 30s of skew")
	claim("expired", map[string]any{"iat": now.Unix(), "exp": now.Unix() + 7200}, "lives 2h0m0s from iat to exp; max_lifetime is 1h0m0s")
	claim("not_yet_valid", map[string]any{"iat": now.Unix() + 40}, "iat is 40s ahead")
	claim("not_yet_valid", map[string]any{"nbf": now.Unix() + 50}, "nbf is 50s ahead")
	claim("revoked", map[string]any{"jti": "gone"}, `jti "gone"`)
	tenant := payload(t, map[string]any{"iss": "https://login.example/t1/v2.0"})
	check(sealed(eddsa("k1"), `{"alg":"EdDSA","kid":"k1","typ":"JWT"}`, tenant), pattern.Name, "algorithm", `alg is EdDSA; this issuer may use "RS256"`)
	check(sealed(eddsa("k1"), `{"alg":"RS256","kid":"k1","typ":"x"}`, tenant), pattern.Name, "type", "no typ at all (none)")
	// long text is cut
	x := e.Explain(sealed(eddsa("k1"), header, good(map[string]any{"hd": strings.Repeat("x", 5000)})))
	if len(x.Detail) > 600 {
		t.Errorf("%d bytes of detail", len(x.Detail))
	}
}

// Before the first reading of the keys the operator reads that.
func TestExplainNoKeys(t *testing.T) {
	i := usual(t)
	i.Keys = keyset.New(keyset.File("/does/not/exist"), keyset.Options{})
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{i}})
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k2","x":"`+jwkX(privateKey("k2").Public().(ed25519.PublicKey))+`"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	j := usual(t)
	j.Keys = keyset.New(keyset.File(path), keyset.Options{})
	if err := j.Keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x := newEngine(t, engine.Config{Issuers: []engine.Issuer{j}}).Explain(sign(t, "k1", goodClaims(nil))); !strings.Contains(x.Detail, `no key with kid "k1"; the set has k2 (EdDSA), read `) {
		t.Errorf("%v: %s", x.Err, x.Detail)
	}
	x := e.ExplainAt(sign(t, "k1", goodClaims(nil)), now)
	if !errors.Is(x.Err, engine.ErrUnknownKey) || !strings.Contains(x.Detail, "the key set is empty, never read") {
		t.Errorf("%v: %s", x.Err, x.Detail)
	}
}

// FuzzExplain: whatever the token, the explanation agrees with the verdict.
func FuzzExplain(f *testing.F) {
	w := newWorld(f)
	e := newEngine(f, engine.Config{Issuers: w.issuers, CacheBytes: -1})
	for _, p := range []string{`{}`, `{"iss":"https://other.example","tier":"gold"}`, payload(f, nil)} {
		f.Add([]byte(header), []byte(p))
	}
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		for _, token := range [][]byte{sealed(w.signers["k1"], string(header), string(payload)), append(header, payload...),
			[]byte(base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload) + ".AAAA")} {
			_, err := e.Verify(token)
			x := e.Explain(token)
			if engine.Code(x.Err) != engine.Code(err) || (x.Detail == "") != (err == nil) {
				t.Errorf("%q: verified as %v, explained as %v: %q", token, err, x.Err, x.Detail)
			}
		}
	})
}
