package verifier

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine/httpauth"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

const issuer = "https://issuer.example"

// security is as much of a security service as a Verifier asks.
type security struct {
	*httptest.Server
	signer  *jwt.Signer
	down    atomic.Bool
	revoked chan string // ids of tokens
}

func newSecurity(t *testing.T) *security {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyset.Marshal(keyset.Public{ID: "k1", Key: public})
	if err != nil {
		t.Fatal(err)
	}
	s := &security{revoked: make(chan string, 1)}
	if s.signer, err = jwt.NewSigner("k1", private, "at+jwt"); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) { w.Write(keys) })
	mux.HandleFunc("GET /revocations", func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); s.down.Load() || id != "orders" || secret != "secret-of-orders" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.FormValue("after") == "" {
			fmt.Fprint(w, `{"events":[],"next":"e-1","reset":true}`)
			return
		}
		select {
		case id := <-s.revoked:
			fmt.Fprintf(w, `{"events":[{"cursor":"e-2","kind":"token","id":%q,"exp":%d}],"next":"e-2"}`, id, time.Now().Add(time.Hour).Unix())
		case <-time.After(50 * time.Millisecond):
			fmt.Fprintf(w, `{"events":[],"next":%q}`, r.FormValue("after"))
		}
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *security) token(t *testing.T, subject, audience string) string {
	t.Helper()
	token, err := s.signer.Sign(map[string]any{
		"iss": issuer, "sub": subject, "aud": audience, "client_id": "first-party", "jti": "of " + subject,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "roles": []string{"customer"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

// The service accepts good tokens of its issuer alone, until they are revoked,
// and nothing while it cannot know what is revoked.
func TestVerifier(t *testing.T) {
	s := newSecurity(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret-of-orders\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := New(Config{
		Issuer: issuer, Audience: "orders", SecurityService: s.URL + "/", ClientID: "orders", ClientSecret: SecretFile(secret),
		MaxSilence: 2 * time.Second, OnError: func(err error) { t.Log(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httpauth.Verify(v).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ask := func(token string) int {
		r := httptest.NewRequest("GET", "/orders", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == 503 && w.Header().Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
		return w.Code
	}
	until := func(token string, status int) {
		t.Helper()
		for start := time.Now(); ask(token) != status; time.Sleep(5 * time.Millisecond) {
			if time.Since(start) > 20*time.Second {
				t.Fatalf("still %d, want %d", ask(token), status)
			}
		}
	}
	one, two := s.token(t, "customer-1", "orders"), s.token(t, "customer-2", "orders")
	if got := ask(one); got != 503 {
		t.Errorf("before it has read anything: %d", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); v.Run(ctx) }()
	defer func() { cancel(); <-ended }()

	until(one, 200)
	until(two, 200)
	if got := ask(s.token(t, "customer-1", "billing")); got != 401 {
		t.Errorf("a token for another audience: %d", got)
	}
	s.revoked <- "of customer-1"
	until(one, 401)
	if got := ask(two); got != 200 {
		t.Errorf("the other token: %d", got)
	}
	s.down.Store(true)
	until(two, 503)
	s.down.Store(false)
	until(two, 200)
	if got := ask(one); got != 401 {
		t.Errorf("the revoked token after the break: %d", got)
	}
}

// What is missing is told at once, and not at the first request.
func TestNewRefuses(t *testing.T) {
	secret := func() (string, error) { return "secret", nil }
	for name, c := range map[string]Config{
		"no issuer":   {Audience: "orders", ClientID: "orders", ClientSecret: secret},
		"no audience": {Issuer: issuer, ClientID: "orders", ClientSecret: secret},
		"no client":   {Issuer: issuer, Audience: "orders", ClientSecret: secret},
		"no secret":   {Issuer: issuer, Audience: "orders", ClientID: "orders"},
	} {
		if _, err := New(c); !errors.Is(err, errConfig) {
			t.Errorf("%s: %v, wanted %v", name, err, errConfig)
		}
	}
	c := Config{Issuer: issuer, Audience: "orders", ClientID: "orders", ClientSecret: SecretFile("nowhere")}
	if _, err := New(c); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a secret that is not there: %v, wanted %v", err, fs.ErrNotExist)
	}
}

// What does not decide says so, also to fasthttp, and does not blame the token.
func TestNotReadyIs503(t *testing.T) {
	v, err := New(Config{Issuer: issuer, Audience: "orders", ClientID: "orders", ClientSecret: func() (string, error) { return "x", nil }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify([]byte("token")); !errors.Is(err, ErrNotReady) {
		t.Errorf("Verify: %v, wanted %v", err, ErrNotReady)
	}
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.Set("Authorization", "Bearer token")
	httpauth.Verify(v).FastHTTP(func(*fasthttp.RequestCtx) { t.Error("the handler was called") })(&ctx)
	if h := &ctx.Response.Header; ctx.Response.StatusCode() != 503 || len(h.Peek("Retry-After")) == 0 || len(h.Peek("WWW-Authenticate")) > 0 {
		t.Errorf("answered %d, Retry-After %q, WWW-Authenticate %q; wanted 503 with Retry-After alone", ctx.Response.StatusCode(), h.Peek("Retry-After"), h.Peek("WWW-Authenticate"))
	}
}
