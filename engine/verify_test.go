package engine_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tollgate/tollgate/engine"
)

func TestVerify(t *testing.T) {
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}})
	token := sign(t, "k1", goodClaims(nil))
	for _, path := range []string{"cold", "warm"} {
		c, err := e.Verify(token)
		if err != nil {
			t.Fatal(path, err)
		}
		if c.Subject() != "customer-1" || c.ClientID() != "first-party" || c.Issuer() != issuerName ||
			c.KeyID() != "k1" || c.SessionID() != "9b2f1c" || c.ScopeList() != "orders:read orders:write" ||
			c.RoleList() != "customer,beta" || !slices.Equal(slices.Collect(c.Audience()), []string{audience}) ||
			c.ExpiresAt().Unix() != now.Unix()+600 || c.IssuedAt().Unix() != now.Unix()-60 {
			t.Errorf("%s: %+v", path, c)
		}
	}
}

func TestVerifyRefusesChangedToken(t *testing.T) {
	e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}})
	token := sign(t, "k1", goodClaims(nil))
	if _, err := e.Verify(token); err != nil {
		t.Fatal(err)
	}
	for i := range token {
		changed := slices.Clone(token)
		changed[i] ^= 1
		if _, err := e.Verify(changed); err == nil {
			t.Fatalf("byte %d changed: accepted", i)
		}
	}
}

func TestVerifyBatch(t *testing.T) {
	for _, cache := range []int64{0, -1} {
		e := newEngine(t, engine.Config{Issuers: []engine.Issuer{usual(t)}, CacheBytes: cache})
		var tokens [][]byte
		var want []error
		for i := range 100 {
			token := sign(t, "k1", goodClaims(map[string]any{"jti": string(rune('a' + i))}))
			var err error
			switch i % 5 {
			case 1:
				token = token[:len(token)-90]
				err = engine.ErrSignature
			case 2:
				token, err = token[:100], engine.ErrMalformed
			}
			if i%5 == 1 {
				token = append(sign(t, "k2", goodClaims(nil))[:0:0], sign(t, "k1", goodClaims(nil))...)
				copy(token[len(token)-86:], "AAAA")
			}
			tokens, want = append(tokens, token), append(want, err)
		}
		out := make([]engine.Verdict, len(tokens))
		for range 2 {
			e.VerifyBatch(tokens, out)
			for i, v := range out {
				if !errors.Is(v.Err, want[i]) || (v.Claims != nil) != (want[i] == nil) {
					t.Errorf("cache %d, token %d: %v, want %v", cache, i, v.Err, want[i])
				}
			}
		}
	}
}
