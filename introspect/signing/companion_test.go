package signing

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
)

// A companion is made when it is asked for first, and lives as its key does:
// published beside it, in the successor too, and dead once the key is retired.
func TestCompanions(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir)
	const now = 1_000_000
	must(r.New(now, now))(t)
	first := signer(t, r, now)
	if kids := published(t, r, now); len(kids) != 1 {
		t.Fatalf("before anybody asks there are the keys %v, want one", kids)
	}
	claims := []byte(`{"iss":"https://as.example","sub":"alice","aud":"orders","client_id":"shop","iat":1000000,"exp":1000300,"jti":"j"}`)
	for _, alg := range []string{RS256, ES256} {
		token := must(r.SignAccess(alg, claims, now))(t)
		payload, kid, ok := r.Verify(token, now)
		if !ok || kid != first || string(payload) != string(claims) {
			t.Errorf("%s: verified %v, by %q, as %s; want the claims, by %q", alg, ok, kid, payload, first)
		}
		// A changed byte anywhere is noticed.
		for _, at := range []int{len(token) - 1, len(token) / 2} {
			bad := slices.Clone(token)
			bad[at] ^= 1
			if _, _, ok := r.Verify(bad, now); ok {
				t.Errorf("%s: a token with a changed byte at %d is verified", alg, at)
			}
		}
		// A verifier that nobody told of companions takes them from the key set.
		keys, refused, err := keyset.Parse(r.KeySet(now))
		if err != nil || len(refused) > 0 {
			t.Fatalf("%s: key set: %v, refused %v", alg, err, refused)
		}
		e, err := engine.New(engine.Config{Issuers: []engine.Issuer{{Name: "https://as.example", Keys: keyset.Fixed(keys)}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.VerifyAt(token, time.Unix(now, 0)); err != nil {
			t.Errorf("%s: the engine refuses the token: %v", alg, err)
		}
		e.Close()
	}
	if kids := published(t, r, now); !slices.Equal(kids, []string{first, first + "-es256", first + "-rs256"}) {
		t.Errorf("published are %v, want %s and its companions", kids, first)
	}
	// The successor has them from its beginning.
	next := must(r.New(now, now+600))(t)
	if kids := published(t, r, now); len(kids) != 6 || !slices.Contains(kids, next.ID+"-rs256") {
		t.Errorf("with a successor %v are published, want three keys each", kids)
	}
	id := must(r.SignID(RS256, claims, now))(t)
	if payload, err := r.VerifyID(id); err != nil || string(payload) != string(claims) {
		t.Errorf("an ID token by RS256: %s, %v", payload, err)
	}
	if _, _, ok := r.Verify(id, now); ok {
		t.Error("an ID token is taken for an access token")
	}
	// Another process finds the same.
	again := open(t, dir)
	if got, want := published(t, again, now), published(t, r, now); !slices.Equal(got, want) {
		t.Errorf("opened again, %v are published, want %v", got, want)
	}
	token := must(r.SignAccess(RS256, claims, now))(t)
	must(r.Retire(first, now))(t)
	if _, _, ok := r.Verify(token, now); ok {
		t.Error("a token is verified after its key was retired")
	}
	if _, err := r.VerifyID(id); !errors.Is(err, ErrIDToken) {
		t.Errorf("an ID token of a retired key: %v, want ErrIDToken", err)
	}
	for _, kid := range published(t, r, now) {
		if strings.HasPrefix(kid, first) {
			t.Errorf("%s is published after its key was retired", kid)
		}
	}
}

// Keys from the environment are as they are there.
func TestCompanionsOfTheEnvironment(t *testing.T) {
	source := open(t, t.TempDir())
	const now = 1_000_000
	must(source.New(now, now))(t)
	without, err := FromEnv(string(must(source.Export())(t)), tail)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := without.SignAccess(RS256, []byte("{}"), now); !errors.Is(err, ErrAlgorithm) || !errors.Is(err, ErrFixed) {
		t.Errorf("RS256 without a companion: %v, want ErrAlgorithm and ErrFixed", err)
	}
	if err := source.Have(RS256, now); err != nil {
		t.Fatal(err)
	}
	with, err := FromEnv(string(must(source.Export())(t)), tail)
	if err != nil {
		t.Fatal(err)
	}
	token := must(with.SignAccess(RS256, []byte("{}"), now))(t)
	if _, _, ok := source.Verify(token, now); !ok {
		t.Error("a token by an exported companion is not verified where it comes from")
	}
}
