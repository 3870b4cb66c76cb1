package client

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/jwt"
)

// The signed answer of RFC 9701, and every way in which it may not be one.
func TestPhantom(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	sign, err := jwt.NewSigner("k1", key, "token-introspection+jwt")
	if err != nil {
		t.Fatal(err)
	}
	access, err := jwt.NewSigner("k1", key, "at+jwt")
	if err != nil {
		t.Fatal(err)
	}
	phantom, err := access.Sign(map[string]any{"sub": "customer-1"})
	if err != nil {
		t.Fatal(err)
	}
	// answer has the service say what change makes of a good answer.
	answer := func(kind string, change func(outer, inner map[string]any)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept"); got != typePhantom {
				t.Errorf("Accept: %s", got)
			}
			var inner map[string]any
			if err := json.Unmarshal([]byte(active(time.Minute)), &inner); err != nil {
				t.Error(err)
			}
			inner["phantom_token"] = string(phantom)
			outer := map[string]any{"iss": "https://issuer.test", "aud": "gateway", "iat": time.Now().Unix(), "token_introspection": inner}
			change(outer, inner)
			b, err := sign.Sign(outer)
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", kind)
			w.Write(b)
		}
	}
	same := func(_, _ map[string]any) {}
	f := newFake(t, answer(typePhantom, same))
	trusted := true
	errUntrusted := errors.New("untrusted")
	c := newClient(t, f.URL, func(c *Config) {
		c.Timeout, c.Cache.TTL, c.Breaker.Failures = 5*time.Second, 0, 100
		c.Verify = func(answer []byte) ([]byte, error) {
			tok, err := jwt.Parse(answer)
			if err != nil || !trusted || !ed25519.Verify(key.Public().(ed25519.PublicKey), tok.Signed, tok.Signature) {
				return nil, errUntrusted
			}
			return tok.Payload, nil
		}
	})
	a, err := c.IntrospectPhantom(t.Context(), []byte("tg_a"))
	if err != nil || a.Phantom != string(phantom) || a.Claims.Subject() != "customer-1" || a.Claims.KeyID() != "k1" {
		t.Fatalf("%+v, %v", a, err)
	}
	fails := func(name string, want error, h http.HandlerFunc) {
		t.Helper()
		f.says(h)
		if _, err := c.IntrospectPhantom(t.Context(), []byte("tg_a")); !errors.Is(err, want) {
			t.Errorf("%s: err = %v, want %v", name, err, want)
		}
	}
	lies := func(name string, change func(outer, inner map[string]any)) {
		t.Helper()
		fails(name, ErrUnavailable, answer(typePhantom, change))
	}
	fails("inactive", ErrInactive, answer(typePhantom, func(_, in map[string]any) { clear(in); in["active"] = false }))
	lies("another issuer", func(out, _ map[string]any) { out["iss"] = "https://evil" })
	lies("for another gateway", func(out, _ map[string]any) { out["aud"] = "other" })
	lies("for two gateways", func(out, _ map[string]any) { out["aud"] = []string{"gateway", "other"} })
	lies("replayed", func(out, _ map[string]any) { out["iat"] = time.Now().Unix() - 600 })
	lies("from the future", func(out, _ map[string]any) { out["iat"] = time.Now().Unix() + 600 })
	lies("without a phantom", func(_, in map[string]any) { delete(in, "phantom_token") })
	lies("a phantom that is no JWT", func(_, in map[string]any) { in["phantom_token"] = "x" })
	lies("without an introspection", func(out, _ map[string]any) { delete(out, "token_introspection") })
	lies("expired", func(_, in map[string]any) { in["exp"] = 1 })
	fails("another type", ErrUnavailable, answer("application/json", same))
	fails("not signed", ErrUnavailable, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", typePhantom)
		io.WriteString(w, active(time.Minute))
	})
	trusted = false
	fails("not signed by the issuer", ErrUnavailable, answer(typePhantom, same))
}
