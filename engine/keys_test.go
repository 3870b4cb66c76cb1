package engine_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
)

// Key sets as serialisers and issuers really write them, each with tokens that it
// has to serve: read from testdata/jwks, at the second of the tokens' iat.
func TestKeySetsOfIssuers(t *testing.T) {
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join("testdata/jwks", name))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.TrimSpace(b)
	}
	at := time.Unix(1795775000, 0)
	f := func(set string, algorithms []string, tokens map[string]string) {
		t.Helper()
		snapshot, refused, err := keyset.Parse(read(set))
		if err != nil || len(refused) > 0 {
			t.Errorf("%s: refused %v, %v", set, refused, err)
			return
		}
		e := newEngine(t, engine.Config{Issuers: []engine.Issuer{{
			Name: "https://iss.example", Audiences: []string{"orders"}, Keys: keyset.Fixed(snapshot), Algorithms: algorithms,
		}}})
		for name, code := range tokens {
			token := read(name)
			_, err := e.VerifyAt(token, at)
			verdicts := make([]engine.Verdict, 1)
			e.VerifyBatch([][]byte{token}, verdicts) // by the clock of the tests, which is later
			if engine.Code(err) != code || engine.Code(verdicts[0].Err) != code {
				t.Errorf("%s with %s: %v, in a batch %v, want %q", name, set, err, verdicts[0].Err, code)
			}
		}
	}
	rs256 := map[string]string{"token-rs256.txt": "", "token-nokid.txt": "", "token-roles-null.txt": "", "token-ps256.txt": "algorithm"}
	both := map[string]string{"token-rs256.txt": "", "token-nokid.txt": "", "token-roles-null.txt": "", "token-ps256.txt": ""}
	f("good.json", nil, rs256)
	f("net-null-members.json", nil, both)
	f("use-empty.json", nil, rs256)
	f("identical-twice.json", nil, rs256)
	f("same-kid-rs256-ps256.json", nil, both)
	f("no-alg.json", nil, both)
	f("no-alg.json", []string{"RS256"}, rs256)
	f("ed25519-rfc9864.json", nil, map[string]string{"token-rs256.txt": "unknown_key"})
}

// A key that says Ed25519 serves tokens that say it, or EdDSA; and the other way
// round.
func TestEd25519ByBothNames(t *testing.T) {
	for _, alg := range []string{`"alg":"Ed25519",`, `"alg":"EdDSA",`, ""} {
		set := `{"keys":[{` + alg + `"kty":"OKP","crv":"Ed25519","kid":"k1","x":"` + jwkX(privateKey("k1").Public().(ed25519.PublicKey)) + `"}]}`
		snapshot, refused, err := keyset.Parse([]byte(set))
		if err != nil || len(refused) > 0 {
			t.Fatal(refused, err)
		}
		for _, algorithms := range [][]string{nil, {"EdDSA"}, {"Ed25519"}} {
			e := newEngine(t, engine.Config{Issuers: []engine.Issuer{{Name: issuerName, Keys: keyset.Fixed(snapshot), Algorithms: algorithms}}})
			for _, said := range []string{"Ed25519", "EdDSA"} {
				if _, err := e.Verify(sealed(eddsa("k1"), `{"alg":"`+said+`","kid":"k1","typ":"at+jwt"}`, payload(t, nil))); err != nil {
					t.Errorf("key {%s}, algorithms %v, token %s: %v", alg, algorithms, said, err)
				}
			}
		}
	}
}

func jwkX(key ed25519.PublicKey) string {
	b, err := keyset.Marshal(keyset.Public{Key: key})
	if err != nil {
		panic(err)
	}
	var set struct{ Keys []struct{ X string } }
	if err := json.Unmarshal(b, &set); err != nil {
		panic(err)
	}
	return set.Keys[0].X
}

// Tokens without kid, and keys that share theirs. The claims name the key that
// verified, so that revoking it reaches tokens that do not.
func TestSeveralKeys(t *testing.T) {
	public := func(kid, key string) keyset.Public { return keyset.Public{ID: kid, Key: privateKey(key).Public()} }
	f := func(code, by, kid, wantKey string, set ...keyset.Public) {
		t.Helper()
		for _, cache := range []int64{0, -1} {
			e := newEngine(t, engine.Config{CacheBytes: cache, Issuers: []engine.Issuer{{Name: issuerName, Keys: keyset.Fixed(parse(t, set...))}}})
			header := `{"alg":"EdDSA","typ":"at+jwt"}`
			if kid != "" {
				header = `{"alg":"EdDSA","kid":"` + kid + `","typ":"at+jwt"}`
			}
			token := sealed(eddsa(by), header, payload(t, nil))
			out := make([]engine.Verdict, 1)
			e.VerifyBatch([][]byte{token}, out)
			for _, path := range []string{"first", "second"} {
				c, err := e.Verify(token)
				if engine.Code(err) != code || engine.Code(out[0].Err) != code || err == nil && c.KeyID() != wantKey {
					t.Errorf("by %s, kid %q, %s time: %v, in a batch %v, want %q under %q", by, kid, path, err, out[0].Err, code, wantKey)
				}
			}
		}
	}
	f("", "a", "", "a", public("a", "a"))
	f("", "b", "", "b", public("a", "a"), public("b", "b"))
	f("signature", "x", "", "", public("a", "a"), public("b", "b"))
	f("", "d", "", "d", public("a", "a"), public("b", "b"), public("c", "c"), public("d", "d"))
	// of five keys without kid four are tried, and of five with
	f("", "d", "", "", public("", "a"), public("", "b"), public("", "c"), public("", "d"), public("", "e"))
	f("signature", "e", "", "", public("", "a"), public("", "b"), public("", "c"), public("", "d"), public("", "e"))
	f("signature", "e", "", "", public("a", "a"), public("b", "b"), public("c", "c"), public("d", "d"), public("e", "e"))
	// a name that no key has, although there is one key only
	f("unknown_key", "a", "k9", "", public("a", "a"))
	f("unknown_key", "a", "k9", "", public("", "a"))
	// two keys of one name
	f("", "a", "k", "k", public("k", "a"), public("k", "b"))
	f("", "b", "k", "k", public("k", "a"), public("k", "b"))
	f("signature", "c", "k", "", public("k", "a"), public("k", "b"), public("c", "c"))

	revoked := revocation.NewSet()
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{{Name: issuerName, Keys: keyset.Fixed(parse(t, public("a", "a"))), Revocations: revoked}}})
	token := sealed(eddsa("a"), `{"alg":"EdDSA","typ":"at+jwt"}`, payload(t, nil))
	if _, err := e.Verify(token); err != nil {
		t.Fatal(err)
	}
	revoked.Apply(revocation.Batch{Events: []revocation.Event{{Kind: revocation.Key, ID: "a", Before: now.Unix(), Expires: now.Add(time.Hour).Unix()}}})
	if _, err := e.Verify(token); !errors.Is(err, engine.ErrRevoked) {
		t.Errorf("a token without kid, under a revoked key: %v, want %v", err, engine.ErrRevoked)
	}
}

// A cached token falls with its key, also where another key of that name stays.
func TestCachedUnderOneOfTwo(t *testing.T) {
	set := func(keys ...string) []byte {
		var list []keyset.Public
		for _, k := range keys {
			list = append(list, keyset.Public{ID: "k", Key: privateKey(k).Public()})
		}
		b, err := keyset.Marshal(list...)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	write := func(b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(set("a", "b"))
	keys := keyset.New(keyset.File(path), keyset.Options{})
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{{Name: issuerName, Keys: keys}}})
	token := sealed(eddsa("b"), `{"alg":"EdDSA","kid":"k","typ":"at+jwt"}`, payload(t, nil))
	for range 2 {
		if _, err := e.Verify(token); err != nil {
			t.Fatal(err)
		}
	}
	write(set("a"))
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Verify(token); !errors.Is(err, engine.ErrSignature) {
		t.Errorf("after the key has left: %v, want %v", err, engine.ErrSignature)
	}
}

// SPIFFE: a bundle with a key for JWT-SVIDs, tokens without iss, iat and jti, and
// trust domains that are told apart.
func TestTrustDomain(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := keyset.Marshal(keyset.Public{ID: "e1", Key: &key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(`"use":"sig"`), []byte(`"use":"jwt-svid"`), 1)
	snapshot, refused, err := keyset.Parse(b, "jwt-svid")
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	by := signer{"ES256", func(m []byte) []byte {
		d := crypto.SHA256.New()
		d.Write(m)
		r, s, err := ecdsa.Sign(crand.Reader, key, d.Sum(nil))
		if err != nil {
			panic(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}}
	svid := func(name, domain string, keys *keyset.KeySet) engine.Issuer {
		return engine.Issuer{Name: name, TrustDomain: domain, Keys: keys, Audiences: []string{"orders"},
			Types: []string{"JWT", "JOSE", "none"}, OptionalClaims: []string{"iat", "jti", "client_id"}, MaxLifetime: time.Hour}
	}
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{
		usual(t), svid("spiffe://td.example", "td.example", keyset.Fixed(snapshot)), svid("spiffe://other.example", "other.example", usual(t).Keys),
	}})
	f := func(code string, changes map[string]any) {
		t.Helper()
		c := map[string]any{"sub": "spiffe://td.example/ns/shop", "aud": "orders", "exp": now.Unix() + 300}
		for k, v := range changes {
			if c[k] = v; v == nil {
				delete(c, k)
			}
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Verify(sealed(by, `{"alg":"ES256","kid":"e1"}`, string(text)))
		if engine.Code(err) != code || err == nil && got.Issuer() != "spiffe://td.example" {
			t.Errorf("%s: %v, want %q", text, err, code)
		}
	}
	f("", nil)
	f("", map[string]any{"sub": "spiffe://td.example"})
	f("", map[string]any{"aud": []string{"x", "orders"}})
	f("", map[string]any{"iss": "spiffe://td.example"})
	f("claim", map[string]any{"iss": "spiffe://td.example", "sub": "spiffe://other.example/x"})
	f("unknown_key", map[string]any{"sub": "spiffe://other.example/ns/shop"})
	for _, sub := range []any{"spiffe://td.example.evil/x", "spiffe://td.exampl", "spiffe:/td.example/x", "td.example/x", "https://td.example/x", "", nil} {
		f("missing_claim", map[string]any{"sub": sub}) // iss, that is
	}
	f("issuer", map[string]any{"iss": "https://td.example"})
	f("audience", map[string]any{"aud": "other"})
	f("expired", map[string]any{"exp": now.Unix()})
	f("missing_claim", map[string]any{"exp": nil})
	// without iat, what is left is bounded
	f("", map[string]any{"exp": now.Unix() + 3600})
	f("expired", map[string]any{"exp": now.Unix() + 3601})
}
