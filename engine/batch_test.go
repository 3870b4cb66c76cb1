package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
)

// es256 is a key of P-256 called e1, and what signs with it.
func es256(t testing.TB) (keyset.Public, func(claims map[string]any) []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by := signer{"ES256", func(m []byte) []byte {
		digest := sha256.Sum256(m)
		r, s, err := ecdsa.Sign(crand.Reader, private, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}}
	return keyset.Public{ID: "e1", Algorithm: "ES256", Key: &private.PublicKey}, func(claims map[string]any) []byte {
		text, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		return sealed(by, `{"alg":"ES256","kid":"e1","typ":"at+jwt"}`, string(text))
	}
}

// A batch of EdDSA and ES256 tokens, good, changed and cut off among one another,
// gives each the verdict that it has alone.
func TestVerifyBatchOfTwoAlgorithms(t *testing.T) {
	key, signES256 := es256(t)
	e := newEngine(t, engine.Config{CacheBytes: -1, Issuers: []engine.Issuer{{
		Name: issuerName, Audiences: []string{audience},
		Keys: keyset.Fixed(parse(t, key, keyset.Public{ID: "k1", Key: privateKey("k1").Public()})),
	}}})
	for size := range 70 {
		tokens, want := make([][]byte, size), make([]error, size)
		for i := range tokens {
			claims := goodClaims(map[string]any{"jti": fmt.Sprint(size, "-", i)})
			if tokens[i] = sign(t, "k1", claims); (i+size)%3 > 0 {
				tokens[i] = signES256(claims)
			}
			switch (i + size) % 7 {
			case 1:
				changed := &tokens[i][len(tokens[i])-20]
				if *changed++; *changed == 'z'+1 || *changed == 'Z'+1 || *changed == '9'+1 || *changed == '-'+1 || *changed == '_'+1 {
					*changed = 'B'
				}
				want[i] = engine.ErrSignature
			case 2:
				tokens[i], want[i] = tokens[i][:len(tokens[i])-2], engine.ErrSignature // a byte short
			}
		}
		out := make([]engine.Verdict, size)
		e.VerifyBatch(tokens, out)
		for i, v := range out {
			_, alone := e.Verify(tokens[i])
			if !errors.Is(v.Err, want[i]) || !errors.Is(alone, want[i]) || (v.Claims != nil) != (want[i] == nil) {
				t.Fatalf("token %d of %d: %v, alone %v, want %v", i, size, v.Err, alone, want[i])
			}
		}
	}
}

// An ES256 token takes no more allocations than one of EdDSA: those of its claims.
func TestAllocationsES256(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	key, signES256 := es256(t)
	e := newEngine(t, engine.Config{CacheBytes: -1, Issuers: []engine.Issuer{{
		Name: issuerName, Audiences: []string{audience}, Keys: keyset.Fixed(parse(t, key)),
	}}})
	token := signES256(goodClaims(nil))
	batch, out := make([][]byte, 20), make([]engine.Verdict, 20)
	for i := range batch {
		batch[i] = token
	}
	f := func(name string, want float64, do func() error) {
		t.Helper()
		n := testing.AllocsPerRun(50, func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		})
		if n > want {
			t.Errorf("%s: %v allocations, want %v", name, n, want)
		}
	}
	f("one", 2, func() error { _, err := e.Verify(token); return err })
	f("a batch of 20", 40, func() error { e.VerifyBatch(batch, out); return out[19].Err })
}
