package gateway

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/gateway/identity"
	"github.com/tollgate/tollgate/internal/yamlconf"
	"github.com/tollgate/tollgate/introspect/client"
)

// A provider is an OpenID provider: metadata, keys, tokens, introspection.
type provider struct {
	*httptest.Server
	t      *testing.T
	key    ed25519.PrivateKey
	answer atomic.Pointer[string] // of introspection
	asked  atomic.Int64
	form   atomic.Pointer[string] // Authorization and body of the last call
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key}
	set, err := keyset.Marshal(keyset.Public{ID: "k1", Key: key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, p.URL, p.URL+"/k")
	})
	mux.HandleFunc("/k", func(w http.ResponseWriter, _ *http.Request) { w.Write(set) })
	mux.HandleFunc("POST /any/introspect", func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		b, _ := io.ReadAll(r.Body)
		form := r.Header.Get("Authorization") + " " + string(b)
		p.form.Store(&form)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, *p.answer.Load())
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// token is a good token of p with changes; nil takes a claim away.
func (p *provider) token(changes map[string]any) string {
	p.t.Helper()
	now := time.Now().Unix()
	c := map[string]any{"iss": p.URL, "sub": "u1", "aud": "orders", "azp": "web", "iat": now, "exp": now + 300, "typ": "Bearer",
		"realm_access": map[string]any{"roles": []string{"customer", "Domain Admins"}}}
	maps.Copy(c, changes)
	for k, v := range c {
		if v == nil {
			delete(c, k)
		}
	}
	s, err := jwt.NewSigner("k1", p.key, "JWT")
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := s.Sign(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(token)
}

// lockedBuffer is a log that tests read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// aloneWorld is a gateway without a security service, in front of an upstream
// that answers with the identity headers it was sent.
type aloneWorld struct {
	t             *testing.T
	public, admin string
	log           lockedBuffer
	cfg           Config
}

func newAloneWorld(t *testing.T, change func(*Config)) *aloneWorld {
	t.Helper()
	w := &aloneWorld{t: t}
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode([]string{r.Header.Get("X-Auth-Subject"), r.Header.Get("X-Auth-Client"), r.Header.Get("X-Auth-Roles"), r.Header.Get("X-Auth-Scopes")})
	}))
	t.Cleanup(up.Close)
	w.cfg = Config{Routes: []Route{{Prefix: "/orders", Upstream: up.URL, Roles: []string{"customer"}}, {Prefix: "/any", Upstream: up.URL}, {Prefix: "/login", Upstream: up.URL, Public: true}}}
	w.cfg.Timeouts.Grace = time.Millisecond
	change(&w.cfg)
	g, err := New(w.cfg, slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	listen := func() net.Listener {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return ln
	}
	public, admin := listen(), listen()
	w.public, w.admin = "http://"+public.Addr().String(), "http://"+admin.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Serve(ctx, public, admin) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for range 200 {
		if status, _ := w.get(w.admin+"/readyz", ""); status == 200 {
			return w
		}
		time.Sleep(10 * time.Millisecond)
	}
	_, text := w.get(w.admin+"/readyz", "")
	t.Fatalf("not ready: %s\n%s", text, w.log.String())
	return nil
}

func (w *aloneWorld) get(url, token string) (int, string) {
	w.t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(b))
}

// The gateway alone, in front of two providers: a token is held against the keys
// of the one it names, the log says why one is refused, and metrics count it.
func TestGatewayAlone(t *testing.T) {
	a, b := newProvider(t), newProvider(t)
	w := newAloneWorld(t, func(c *Config) {
		c.Issuers = []identity.Issuer{
			{Name: a.URL, Profile: "keycloak", Audiences: []string{"orders"}},
			{Name: b.URL, Profile: "keycloak", Claims: identity.Claims{Roles: []string{"groups"}}, Require: map[string]identity.Values{"tenant": {"t1"}}},
		}
	})
	f := func(path, token string, status int, want string) {
		t.Helper()
		got, body := w.get(w.public+path, token)
		if got != status || want != "" && body != want {
			t.Errorf("%s: %d %s, want %d %s\n%s", path, got, body, status, want, w.log.String())
		}
	}
	f("/orders", a.token(nil), 200, `["u1","web","customer,Domain Admins",""]`)
	f("/orders", a.token(map[string]any{"realm_access": nil}), 403, "")
	f("/orders", b.token(map[string]any{"groups": []string{"customer", "a,b"}, "tenant": "t1", "scope": "x y"}), 200, `["u1","web","customer,a%2Cb","x y"]`)
	f("/any", b.token(nil), 401, "")
	f("/any", b.token(map[string]any{"iss": a.URL}), 401, "")
	f("/any", a.token(map[string]any{"iss": a.URL + "/"}), 401, "")
	f("/any", a.token(map[string]any{"cnf": map[string]any{"jkt": "x"}}), 401, "")
	f("/any", "opaque", 401, "")
	f("/any", "", 401, "")
	f("/any", strings.Repeat("a", 9000)+".b.c", 401, "")
	for _, address := range []string{w.public + "/any", w.admin + "/authorize/any"} {
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		// API users are the security service's.
		if got := res.Header.Values("WWW-Authenticate"); !slices.Equal(got, []string{challengeBare}) {
			t.Errorf("%s without credentials: challenges %q, want %q", address, got, challengeBare)
		}
	}
	f("/login", "", 200, "") // without a security service the path is the application's
	log := w.log.String()
	for _, line := range []string{
		"no security_service: no logins, API users, opaque tokens of its, and no revocations",
		`reason=claim`, `tenant is absent; require wants \"t1\" (rules for `,
		"reason=signature", "iss differs only by the slash at the end", "reason=bound", "it has 9004 bytes; at most 8192 are looked at (limits.token)",
	} {
		if !strings.Contains(log, line) {
			t.Errorf("the log has no %s:\n%s", line, log)
		}
	}
	if strings.Contains(log, "metadata cannot be read") {
		t.Errorf("a security service is asked for its metadata, and there is none:\n%s", log)
	}
	if n := strings.Count(log, "no security_service"); n != 1 {
		t.Errorf("the log says %d times that there is no security service", n)
	}
	_, metrics := w.get(w.admin+"/metrics", "")
	for _, line := range []string{
		fmt.Sprintf(`tollgate_tokens_refused_total{issuer=%q,code="claim"} 1`, b.URL), fmt.Sprintf(`tollgate_tokens_refused_total{issuer=%q,code="bound"} 1`, a.URL),
		`tollgate_tokens_refused_total{issuer="",code="issuer"} 1`, fmt.Sprintf(`tollgate_issuer_keys{issuer=%q} 1`, a.URL),
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("metrics have no %s", line)
		}
	}
	if _, ready := w.get(w.admin+"/readyz", ""); !strings.Contains(ready, `"no_security_service":true`) || strings.Count(ready, `"keys":1`) != 2 {
		t.Errorf("readyz: %s", ready)
	}
	// what check --token says of the same
	x := func(token, method, path string, want ...string) {
		t.Helper()
		text, err := w.cfg.ExplainToken(t.Context(), []byte(token+"\n"), method, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("explained as\n%s\nwithout %s", text, part)
			}
		}
	}
	x(a.token(nil), "GET", "/orders", "token: good, of "+a.URL, `roles "customer,Domain Admins"`, "routes[0]", "this token: the request passes")
	x(a.token(map[string]any{"realm_access": nil}), "GET", "/orders", `this token: 403: it has the roles "", and the route wants one of "customer"`)
	x(a.token(map[string]any{"iss": a.URL + "/"}), "GET", "/orders", "token: refused (issuer): iss differs only by the slash at the end", "this token: 401")
	x(b.token(nil), "", "", "token: refused (claim), by the rules for "+b.URL+": tenant is absent")
	x(a.token(nil), "GET", "/login", "not looked at")
}

// Opaque tokens of another server: any path, each way to say who we are, answers
// that lack what the profile lets be absent.
func TestForeignIntrospection(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s&cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for auth, want := range map[string]string{
		"basic": "Basic Z2F0ZXdheTpzJTI2Y3JldA== token=ory_at_1", "bearer": "Bearer s&cret token=ory_at_1",
		"body": " token=ory_at_1&client_id=gateway&client_secret=s%26cret",
	} {
		t.Run(auth, func(t *testing.T) {
			p := newProvider(t)
			answer := func(text string) {
				text = strings.ReplaceAll(text, "ISS", p.URL)
				p.answer.Store(&text)
			}
			w := newAloneWorld(t, func(c *Config) {
				c.Cache.IntrospectionTTL = time.Minute
				c.Issuers = []identity.Issuer{{Name: p.URL, Profile: "hydra", Require: map[string]identity.Values{"tier": {"gold", ""}}, Introspection: identity.Introspection{
					URL: p.URL + "/any/introspect", ClientID: "gateway", ClientSecret: client.Secret{File: secret}, Auth: auth, Prefix: "ory_at_"}}}
			})
			n := 0
			f := func(text string, status int, body string) {
				t.Helper()
				answer(text)
				n++
				got, said := w.get(w.public+"/any", fmt.Sprint("ory_at_", n))
				if got != status || body != "" && said != body {
					t.Errorf("%s: %d %s, want %d %s\n%s", text, got, said, status, body, w.log.String())
				}
			}
			exp := time.Now().Unix() + 300
			f(fmt.Sprintf(`{"active":true,"sub":"u","client_id":"c","scope":"a b","exp":%d,"iss":"ISS","token_use":"access_token","ext":{"roles":["r"]},"aud":[]}`, exp), 200, `["u","c","r","a b"]`)
			if got := *p.form.Load(); got != want {
				t.Errorf("asked with %q, want %q", got, want)
			}
			// kept, though the server says something else now
			answer(`{"active":false}`)
			if status, _ := w.get(w.public+"/any", "ory_at_1"); status != 200 || p.asked.Load() != 1 {
				t.Errorf("asked again: %d, %d calls", status, p.asked.Load())
			}
			f(`{"active":false}`, 401, "")
			f(`{"active":true,"sub":"u","client_id":"c"}`, 200, `["u","c","",""]`) // no exp, no iss
			f(`{"active":true,"client_id":"c"}`, 401, "")                          // no sub
			f(fmt.Sprintf(`{"active":true,"sub":"u","client_id":"c","exp":%d}`, exp-400), 401, "")
			f(`{"active":true,"sub":"u","client_id":"c","iss":"https://evil.example"}`, 401, "")
			f(`{"active":true,"sub":"u","client_id":"c","tier":"iron"}`, 401, "")
			f(`{"active":true,"sub":"u","client_id":"c","cnf":{"jkt":"x"}}`, 401, "")
			f(`{"active":true,"sub":"u","client_id":"c","token_use":"refresh_token"}`, 401, "")
			f(`{"active":true,"active":true,"sub":"u","client_id":"c"}`, 503, "") // no answer at all
			f(`{"sub":"u"}`, 503, "")
			f(`<html>`, 503, "")
			// what check --token says of the same
			x := func(text, want string) {
				t.Helper()
				answer(text)
				got, err := w.cfg.ExplainToken(t.Context(), []byte("ory_at_x"), "", "")
				if want = strings.ReplaceAll(want, "ISS", p.URL); err != nil || !strings.HasPrefix(got, want) {
					t.Errorf("%s is explained as %q, %v; want %q", text, got, err, want)
				}
			}
			const rules = ", by the rules for ISS, of what its introspection says: "
			x(`{"active":false}`, "token: refused: ISS was asked by introspection: token is not active")
			x(`{"active":true,"client_id":"c"}`, "token: refused (missing_claim)"+rules+"the answer has no sub; what an issuer does without is told by optional")
			x(fmt.Sprintf(`{"active":true,"sub":"u","client_id":"c","exp":%d}`, exp-400), "token: refused (expired)"+rules+"exp was 1m")
			x(`{"active":true,"sub":"u","client_id":"c","iss":"https://evil.example"}`, "token: refused (issuer)"+rules+`iss is "https://evil.example"; the configuration has "ISS"`)
			x(`{"active":true,"sub":"u","client_id":"c","tier":"iron"}`, "token: refused (claim)"+rules+`tier is "iron"; require wants one of "gold", ""`)
			x(`{"active":true,"sub":"u","client_id":"c","cnf":{"jkt":"x"}}`, "token: refused (bound)"+rules+`the token has a cnf, {"jkt":"x"}`)
			x(`{"active":true,"sub":"u","client_id":"c","token_use":"refresh_token"}`, "token: refused: ISS was asked by introspection: the token is a refresh token")
			x(`{"sub":"u"}`, "token: not known: ISS could not be asked by introspection: ")
			// not its prefix
			if status, _ := w.get(w.public+"/any", "other"); status != 401 {
				t.Errorf("a token of nobody: %d", status)
			}
		})
	}
}

func TestCheckIssuers(t *testing.T) {
	f := func(want string, change func(*Config)) {
		t.Helper()
		c := goodConfig()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "configuration: "+want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	alone := goodConfig()
	alone.Issuer, alone.SecurityService = "", client.Config{}
	alone.Issuers = []identity.Issuer{{Name: "https://a"}}
	if err := alone.Check(); err != nil {
		t.Error(err)
	}
	asking := func(prefix string) identity.Issuer {
		return identity.Issuer{Name: "https://" + prefix + "x", Introspection: identity.Introspection{URL: "https://x/i", ClientID: "c", ClientSecret: client.Secret{Env: "X"}, Prefix: prefix}}
	}
	f("issuers[0].name: required", func(c *Config) { c.Issuers = []identity.Issuer{{}} })
	f("issuers[1].name: ", func(c *Config) { c.Issuers = []identity.Issuer{{Name: "https://a"}, {Name: "https://a"}} })
	f("issuers[0].name: ", func(c *Config) { c.Issuers = []identity.Issuer{{Name: c.Issuer}} })
	f("issuers[0].profile: ", func(c *Config) { c.Issuers = []identity.Issuer{{Name: "https://a", Profile: "x"}} })
	f("issuers[0].introspection.prefix: required in mode opaque", func(c *Config) { c.Mode = ModeOpaque; c.Issuers = []identity.Issuer{asking("")} })
	f("issuers[1].introspection.prefix: ", func(c *Config) {
		c.Issuers = []identity.Issuer{asking("a"), asking("a")}
		c.Issuers[1].Name = "https://other"
	})
	f("security_service.url: required in mode opaque", func(c *Config) { c.Mode, c.SecurityService = ModeOpaque, client.Config{} })
	f("keys: give url or file", func(c *Config) { c.SecurityService = client.Config{} })
	f("limits.token: ", func(c *Config) { c.Limits.Token = 33 << 10 })
}

// docs/issuers.md has a row for every profile and no other, its configurations are
// good ones, and the errors that it quotes are those that there are.
func TestIssuersPage(t *testing.T) {
	b, err := os.ReadFile("../docs/issuers.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	providers, _, _ := strings.Cut(string(b[bytes.Index(b, []byte("## What to set")):]), "\n## ")
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(providers, -1) {
		rows = append(rows, m[1])
	}
	slices.Sort(rows)
	if !slices.Equal(rows, identity.Profiles()) {
		t.Errorf("rows for %q, profiles are %q", rows, identity.Profiles())
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(b), -1)
	if len(blocks) < 2 {
		t.Fatalf("%d configurations", len(blocks))
	}
	const routes = "routes:\n  - prefix: /\n    upstream: \"http://127.0.0.1:1\"\n"
	for _, m := range blocks {
		var c Config
		if !strings.Contains(m[1], "routes:") {
			m[1] += routes
		}
		if err := yamlconf.Parse("issuers.md", []byte(m[1]), &c); err != nil {
			t.Errorf("%s\n%v", m[1], err)
		}
	}
	// as rows have them
	for _, row := range []string{
		"{name: 'https://login.microsoftonline.com/{tid}/v2.0', profile: entra, require: {tid: [a, b]}, keys: {url: https://login.microsoftonline.com/common/discovery/v2.0/keys}}",
		"{name: https://kubernetes.default.svc.cluster.local, profile: kubernetes, keys: {url: https://kubernetes.default.svc/openid/v1/jwks, ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt, bearer: {file: /var/run/secrets/kubernetes.io/serviceaccount/token}}}",
		"{name: https://cloud.google.com/iap, profile: google, keys: {url: https://www.gstatic.com/iap/verify/public_key-jwk}}",
		"{name: https://token.actions.githubusercontent.com, profile: github-actions, require: {repository_owner: YOURS}}",
		"{name: https://gitlab.example, profile: gitlab, require: {project_path: [g/p]}}",
		"{name: spiffe://td.example, profile: spiffe, keys: {file: bundle.json}}",
		"{name: https://auth.pingone.com/ENV/as, types: [JWT], optional: [jti]}",
	} {
		var c Config
		if err := yamlconf.Parse("row", []byte("issuers:\n  - "+row+"\n"+routes), &c); err != nil {
			t.Errorf("%s: %v", row, err)
		}
	}
}
