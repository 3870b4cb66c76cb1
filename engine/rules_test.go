package engine_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
)

const header = `{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}`

// eddsa signs under the Ed25519 key called kid.
func eddsa(kid string) signer {
	return signer{"EdDSA", func(m []byte) []byte {
		s, err := privateKey(kid).Sign(nil, m, crypto.Hash(0))
		if err != nil {
			panic(err)
		}
		return s
	}}
}

// payload is the usual claims with changes; a nil takes a claim away.
func payload(t testing.TB, changes map[string]any) string {
	t.Helper()
	b, err := json.Marshal(goodClaims(changes))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Each rule by itself: everything else of the token is right, the signature
// included.
func TestRules(t *testing.T) {
	issuer := usual(t)
	issuer.Skew, issuer.MaxLifetime = 30*time.Second, time.Hour
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{issuer}})
	f := func(code, header, payload string) {
		t.Helper()
		for _, path := range []string{"first", "second"} {
			_, err := e.Verify(sealed(eddsa("k1"), header, payload))
			if got := engine.Code(err); got != code {
				t.Errorf("%s time, %s %s: %q (%v), want %q", path, header, payload, got, err, code)
			}
		}
	}
	good := payload(t, nil)
	claims := func(code string, changes map[string]any) {
		t.Helper()
		f(code, header, payload(t, changes))
	}
	f("", header, good)
	f("", `{"alg":"EdDSA","kid":"k1","typ":"application/at+jwt"}`, good)
	// parameters that lead elsewhere are not followed: the key is k1 of the set
	f("", `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","jku":"http://127.0.0.1:1/k","x5u":"http://127.0.0.1:1/x","jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"},"x5c":["AA"]}`, good)

	// the header
	f("malformed", `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","crit":["exp"]}`, good)
	f("malformed", `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","b64":false}`, good)
	f("malformed", `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","zip":"DEF"}`, good)
	f("malformed", `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","kid":"k1"}`, good)
	f("malformed", `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","\u006bid":"k1"}`, good)
	f("malformed", `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","Kid":"k1"}`, good)
	f("malformed", `{"alg":"EdDSA","kid":1,"typ":"at+jwt"}`, good)
	f("malformed", `{"kid":"k1","typ":"at+jwt"}`, good)
	for _, alg := range []string{"none", "None", "NONE", "nOne", "HS256", "ed25519", "eddsa", "Ed448", "ES256K", ""} {
		f("algorithm", `{"alg":"`+alg+`","kid":"k1","typ":"at+jwt"}`, good)
	}
	for _, alg := range []string{"ES256", "RS256", "PS512"} {
		f("algorithm", `{"alg":"`+alg+`","kid":"k1","typ":"at+jwt"}`, good) // not the key's
	}
	for _, kid := range []string{"k2", "K1", "k1 ", "../k1", "/dev/null", "file:///dev/null", "' OR '1'='1", `k1\u0000`, strings.Repeat("k", 5000), "k1/../k1", "http://127.0.0.1:1/"} {
		f("unknown_key", `{"alg":"EdDSA","kid":"`+kid+`","typ":"at+jwt"}`, good)
	}
	// no kid: the issuer's key of this alg
	for _, h := range []string{`{"alg":"EdDSA","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":null,"typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"","typ":"at+jwt"}`} {
		f("", h, good)
	}
	f("unknown_key", `{"alg":"ES256","typ":"at+jwt"}`, good)
	f("", `{"alg":"Ed25519","kid":"k1","typ":"at+jwt"}`, good) // RFC 9864
	f("malformed", `{"alg":null,"kid":"k1","typ":"at+jwt"}`, good)
	f("malformed", `{"alg":"EdDSA","kid":"k1","typ":"at+jwt","crit":null}`, good)
	// an ID token, an introspection answer, a logout token are none
	for _, typ := range []string{"JWT", "jwt", "id+jwt", "token-introspection+jwt", "logout+jwt", "at+jwt ", ""} {
		f("type", `{"alg":"EdDSA","kid":"k1","typ":"`+typ+`"}`, good)
	}
	f("type", `{"alg":"EdDSA","kid":"k1"}`, good)
	f("type", `{"alg":"EdDSA","kid":"k1","typ":"token-introspection+jwt"}`, `{"iss":"`+issuerName+`","aud":"orders","iat":1,"token_introspection":`+good+`}`)

	// the payload
	f("malformed", header, `[]`)
	f("malformed", header, good+good)
	f("malformed", header, strings.Replace(good, `{`, `{"sub":"admin-1",`, 1))
	f("malformed", header, strings.Replace(good, `{`, `{"s\u0075b":"admin-1",`, 1))
	f("malformed", header, strings.Replace(good, `{`, `{"Sub":"admin-1",`, 1))
	f("malformed", header, strings.Replace(good, `{`, `{"x":`+strings.Repeat("[", 500)+strings.Repeat("]", 500)+`,`, 1))
	for _, name := range []string{"exp", "nbf", "iat"} {
		for _, v := range []string{`"1800000000"`, `1e400`, `9223372036854775808`, `-9223372036854775809`, `[1]`, `true`, `0x6b49d200`} {
			f("malformed", header, strings.Replace(payload(t, map[string]any{name: nil}), `{`, `{"`+name+`":`+v+`,`, 1))
		}
	}
	for _, name := range []string{"iss", "sub", "aud", "jti"} {
		for _, v := range []any{1, true, map[string]any{}, []any{1}, []any{nil}} {
			claims("malformed", map[string]any{name: v})
		}
	}
	claims("malformed", map[string]any{"sub": []string{"customer-1"}})
	// null is absent
	null := json.RawMessage("null")
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		claims("missing_claim", map[string]any{name: null})
	}
	for _, name := range []string{"nbf", "sid", "scope", "scp", "roles", "cnf", "anything"} {
		claims("", map[string]any{name: null})
	}
	// what decides nothing about the token itself may be of any shape
	for _, name := range []string{"sid", "scope", "scp", "roles"} {
		for _, v := range []any{1, true, "", []any{}, []any{1, nil}, map[string]any{}, map[string]bool{"admin": true}, []any{[]any{"x"}}} {
			claims("", map[string]any{name: v})
		}
	}
	claims("missing_claim", map[string]any{"client_id": 1})
	// Roles is not a known name, and grants nothing
	claims("", map[string]any{"Roles": "admin"})
	for _, name := range []string{"Iss", "EXP", "Client_id", "SCOPE", "Scp", "Cnf", "JTI", "Sid"} {
		claims("malformed", map[string]any{name: "x"})
	}
	// a token that is bound to a key is not a bearer's
	for _, v := range []any{map[string]any{"jkt": "x"}, map[string]any{}, "", 1, false, []any{}} {
		claims("bound", map[string]any{"cnf": v})
	}
	claims("audience", map[string]any{"cnf": map[string]any{"jkt": "x"}, "aud": "other"})
	claims("bound", map[string]any{"cnf": map[string]any{"jkt": "x"}, "exp": 0})

	claims("issuer", map[string]any{"iss": "https://issuer.example/"})
	claims("issuer", map[string]any{"iss": "https://ISSUER.example"})
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} {
		claims("missing_claim", map[string]any{name: nil})
	}
	claims("missing_claim", map[string]any{"sub": ""})
	claims("missing_claim", map[string]any{"aud": []string{}})
	claims("audience", map[string]any{"aud": "orders/"})
	claims("audience", map[string]any{"aud": []string{"Orders", "reports"}})
	claims("", map[string]any{"aud": []string{"reports", "orders"}})

	// time, with 30 seconds of skew: valid while nbf <= now < exp
	at := now.Unix()
	claims("", map[string]any{"exp": at - 29})
	claims("", map[string]any{"exp": float64(at) - 29.999})
	claims("expired", map[string]any{"exp": at - 30})
	claims("expired", map[string]any{"exp": 0})
	claims("expired", map[string]any{"exp": -1})
	claims("expired", map[string]any{"exp": -int64(1 << 53), "iat": int64(1 << 53)})
	claims("", map[string]any{"nbf": at + 30})
	claims("not_yet_valid", map[string]any{"nbf": at + 31})
	claims("", map[string]any{"iat": at + 30})
	claims("not_yet_valid", map[string]any{"iat": at + 31})
	claims("", map[string]any{"iat": at, "exp": at + 3600})
	claims("expired", map[string]any{"iat": at, "exp": at + 3601})
	claims("expired", map[string]any{"iat": -int64(1 << 53), "exp": int64(1 << 53)})
}

// What is wrong with the bytes around header and payload.
func TestRulesOfForm(t *testing.T) {
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}})
	good := sign(t, "k1", goodClaims(nil))
	parts := strings.Split(string(good), ".")
	f := func(code string, token string) {
		t.Helper()
		if _, err := e.Verify([]byte(token)); engine.Code(err) != code {
			t.Errorf("%.100q: %q (%v), want %q", token, engine.Code(err), err, code)
		}
	}
	f("", string(good))
	f("malformed", "")
	f("malformed", parts[0]+"."+parts[1])
	f("malformed", string(good)+".")
	f("malformed", string(good)+".e30.e30")
	f("malformed", "Bearer "+string(good))
	f("malformed", string(good)+" ")
	f("malformed", string(good)+"\n")
	f("malformed", string(good)+"=")
	f("malformed", fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, parts[1], parts[0], parts[2]))
	f("malformed", strings.Repeat(".", 8192))
	f("malformed", strings.Repeat("a.", 4000))
	f("malformed", string(good)+strings.Repeat("A", 8192))
	// the last character of 64 bytes in base64url has 4 bits of 6: the other values are not canonical
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", good[len(good)-1])
	for stray := 1; stray < 16; stray++ {
		f("malformed", string(good[:len(good)-1])+string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last+stray]))
	}
	f("signature", parts[0]+"."+parts[1]+".")
	f("signature", parts[0]+"."+parts[1]+"."+parts[2][:84])
	f("signature", parts[0]+"."+parts[1]+"."+parts[2][:84]+strings.Repeat("A", 8))
	f("signature", string(sealed(eddsa("k2"), header, payload(t, nil))))
	// alg none, with and without a signature
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1","typ":"at+jwt"}`))
	f("algorithm", none+"."+parts[1]+".")
	f("algorithm", none+"."+parts[1]+"."+parts[2])
}

// The oldest trick: the public key, which everybody has, as the secret of an HMAC.
func TestPublicKeyAsSecret(t *testing.T) {
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}})
	hs256 := signer{"HS256", func(m []byte) []byte {
		h := hmac.New(sha256.New, privateKey("k1").Public().(ed25519.PublicKey))
		h.Write(m)
		return h.Sum(nil)
	}}
	for _, alg := range []string{"HS256", "EdDSA"} {
		_, err := e.Verify(sealed(hs256, `{"alg":"`+alg+`","kid":"k1","typ":"at+jwt"}`, payload(t, nil)))
		if want := map[string]error{"HS256": engine.ErrAlgorithm, "EdDSA": engine.ErrSignature}[alg]; !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", alg, err, want)
		}
	}
}

// No token makes the engine open a connection.
func TestNoConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan struct{}, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
			accepted <- struct{}{}
		}
	}()
	url := "http://" + l.Addr().String() + "/"
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}})
	for _, h := range []string{
		`{"alg":"EdDSA","kid":"k2","typ":"at+jwt","jku":"` + url + `"}`,
		`{"alg":"EdDSA","kid":"k2","typ":"at+jwt","x5u":"` + url + `"}`,
		`{"alg":"EdDSA","kid":"` + url + `","typ":"at+jwt"}`,
		`{"alg":"EdDSA","typ":"at+jwt","jku":"` + url + `","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}`,
	} {
		want := engine.ErrUnknownKey
		if !strings.Contains(h, "kid") {
			want = engine.ErrSignature // tried with the issuer's only key
		}
		if _, err := e.Verify(sealed(eddsa("k2"), h, payload(t, nil))); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", h, err, want)
		}
		if _, err := e.Verify(sealed(eddsa("k1"), header, payload(t, map[string]any{"iss": url}))); !errors.Is(err, engine.ErrIssuer) {
			t.Errorf("%s as issuer: %v", url, err)
		}
	}
	select {
	case <-accepted:
		t.Error("a token made the engine connect")
	case <-time.After(50 * time.Millisecond):
	}
}
