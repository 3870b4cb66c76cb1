package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollgate/tollgate/engine/jwt"
)

// mintedAt is when the tokens of mint were issued; they live for an hour.
const mintedAt = 1_700_000_000

var mintKey = ed25519.NewKeyFromSeed([]byte("a seed that everybody may know.."))

func mintJWKS() []byte {
	x := base64.RawURLEncoding.EncodeToString(mintKey.Public().(ed25519.PublicKey))
	return []byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"` + x + `"},{"kty":"oct","kid":"hs","k":"AAAA"}]}`)
}

// mint signs the usual claims with some of them changed; nil takes one away.
func mint(t interface{ Fatal(...any) }, typ, kid string, change map[string]any) string {
	claims := map[string]any{
		"iss": "https://issuer.example", "sub": "customer-1", "aud": []string{"orders"}, "client_id": "app",
		"iat": mintedAt, "exp": mintedAt + 3600, "jti": "t1",
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	signer, err := jwt.NewSigner(kid, mintKey, typ)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

// cmdMint writes keys.json and tokens.txt: a good token, and one for each way
// in which a token can be bad.
func cmdMint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: mint")
	}
	f := func(typ, kid string, change map[string]any) string { return mint(fatal{ts}, typ, kid, change) }
	good := f("at+jwt", "k1", nil)
	lines := []string{
		good,
		"nonsense",
		f("at+jwt", "k2", nil),
		good[:len(good)-4] + "AAAA",
		f("JWT", "k1", nil),
		f("at+jwt", "k1", map[string]any{"iss": "https://other.example"}),
		f("at+jwt", "k1", map[string]any{"aud": "billing"}),
		f("at+jwt", "k1", map[string]any{"nbf": mintedAt + 60}),
		f("at+jwt", "k1", map[string]any{"exp": mintedAt + 10}),
		f("at+jwt", "k1", map[string]any{"jti": nil}),
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1","typ":"at+jwt"}`)) + good[strings.IndexByte(good, '.'):],
	}
	ts.Check(os.WriteFile(ts.MkAbs("keys.json"), mintJWKS(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("tokens.txt"), []byte(strings.Join(lines, "\n")+"\n"), 0o644))
}

type fatal struct{ ts *testscript.TestScript }

func (f fatal) Fatal(args ...any) { f.ts.Fatalf("%v", args) }

// A payload is told as it was signed, but on one line.
func payloadOf(t *testing.T, verdict string) map[string]any {
	t.Helper()
	var v struct {
		Valid  bool           `json:"valid"`
		Claims map[string]any `json:"claims"`
	}
	if err := json.Unmarshal([]byte(verdict), &v); err != nil || !v.Valid {
		t.Fatalf("%q: %v", verdict, err)
	}
	return v.Claims
}
