package account

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/introspect/store"
)

// awkward holds all that clients encode in different ways.
const awkward = "50% off: a+b = c & d/ümläut ☃ %41+0123456789"

func clientWith(secrets ...string) *store.Client {
	c := &store.Client{ID: "app"}
	var list []store.Secret
	for i, s := range secrets {
		list = append(list, store.Secret{Digest: store.DigestOf([]byte(s)), Made: int64(i + 1)})
	}
	c.SetSecrets(list...)
	return c
}

// A secret is accepted as it is and in every encoding that clients use, at most
// once decoded.
func TestSecretMatchesInEveryEncoding(t *testing.T) {
	c := clientWith(awkward)
	f := func(shown string, want bool) {
		t.Helper()
		if got := SecretMatches(c, []byte(shown)); got != want {
			t.Errorf("%q matches: %v, not %v", shown, got, want)
		}
	}
	// As it is: curl, Python.
	f(awkward, true)
	// RFC 6749, section 2.3.1: Go's x/oauth2.
	f(url.QueryEscape(awkward), true)
	// encodeURIComponent: a space is %20.
	f(strings.ReplaceAll(url.QueryEscape(awkward), "+", "%20"), true)
	// Every byte, as strict encoders may.
	var all strings.Builder
	for _, b := range []byte(awkward) {
		all.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15])))
	}
	f(all.String(), true)
	// Percent-encoding that leaves the plus sign.
	f(strings.ReplaceAll(url.PathEscape(awkward), "%2B", "+"), true)
	// Twice encoded is another secret, as is a changed one.
	f(url.QueryEscape(url.QueryEscape(awkward)), false)
	f(strings.ToUpper(awkward), false)
	f(awkward+" ", false)
	f("", false)
	f("%", false)
	f("%zz", false)
}

// Text that is not UTF-8 is Latin-1, encoded or not.
func TestSecretMatchesLatin1(t *testing.T) {
	c := clientWith("ümläut-ümläut-ümläut-ümläut")
	f := func(shown string) {
		t.Helper()
		if !SecretMatches(c, []byte(shown)) {
			t.Errorf("%q does not match", shown)
		}
	}
	latin := "\xfcml\xe4ut-\xfcml\xe4ut-\xfcml\xe4ut-\xfcml\xe4ut"
	f(latin)
	f(url.QueryEscape(latin))
}

func TestTwoSecrets(t *testing.T) {
	f := func(c *store.Client, shown string, want bool) {
		t.Helper()
		if got := SecretMatches(c, []byte(shown)); got != want {
			t.Errorf("%q matches: %v, not %v", shown, got, want)
		}
	}
	f(clientWith("old", "new"), "old", true)
	f(clientWith("old", "new"), "new", true)
	f(clientWith("old", "new"), "other", false)
	f(clientWith("new"), "old", false)
	// A client without secrets has none that matches.
	f(clientWith(), "", false)
	f(&store.Client{ID: "public", Public: true}, "\x00", false)
}

func TestCheckSecret(t *testing.T) {
	long := strings.Repeat("s", 32)
	if err := CheckSecret([]byte(awkward)); err != nil {
		t.Errorf("awkward: %v", err)
	}
	f := func(secret string, want error) {
		t.Helper()
		if err := CheckSecret([]byte(secret)); !errors.Is(err, want) {
			t.Errorf("%q: %v, not %v", secret, err, want)
		}
	}
	f("short", ErrSecretLength)
	f(strings.Repeat("s", 513), ErrSecretLength)
	f(long+" ", ErrSecretText)
	f("\u00a0"+long, ErrSecretText)
	f(long+"\n"+long, ErrSecretText)
	f(long+"\x00", ErrSecretText)
	f(long+"\xff", ErrSecretText)
}

func TestNewSecret(t *testing.T) {
	s := NewSecret("app.one")
	random, ok := strings.CutPrefix(s, "tgs_app.one.")
	if b, err := base64.RawURLEncoding.DecodeString(random); !ok || err != nil || len(b) != 32 {
		t.Errorf("secret is %q", s)
	}
	if err := CheckSecret([]byte(s)); err != nil {
		t.Error(err)
	}
}
