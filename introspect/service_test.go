package introspect

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
)

// fixture is a running service with accounts: user alice (role customer, scopes
// read and write), clients reporting (role auditor) and gateway (service).
type fixture struct {
	t         testing.TB
	svc       *Service
	url       string
	admin     string
	cfg       Config
	log       *lockedBuffer
	reporting string // secrets
	gateway   string
	stop      func()
	ahead     atomic.Int64 // nanoseconds by which the service's clock is ahead
	stopped   atomic.Int64 // where not 0, when it was stopped, in Unix nanoseconds
}

// advance moves the service's clock.
func (f *fixture) advance(d time.Duration) { f.ahead.Add(int64(d)) }

// stopClock has the service's clock move by advance alone.
func (f *fixture) stopClock() { f.stopped.Store(time.Now().UnixNano()) }

const alicePassword = "correct horse battery staple"

// quick makes hashing cheap and limits wide, and a refresh token work once.
func quick(t testing.TB) Config {
	return Config{
		Tokens: TokensConfig{RefreshGrace: new(time.Duration)},
		Data:   t.TempDir(), Issuer: "https://as.example", Audience: []string{"orders", "billing"},
		Store: StoreConfig{Kind: StoreMemory},
		Login: LoginConfig{Hash: account.Params{MemoryKiB: 8 << 10, Time: 1, Parallel: 1}},
	}
}

func start(t testing.TB, cfg Config) *fixture {
	t.Helper()
	f := run(t, cfg)
	ctx := t.Context()
	_, err := f.svc.Admin().AddUser(ctx, admin.NewUser{
		ID: "alice", Password: []byte(alicePassword), Roles: []string{"customer"}, Scopes: []string{"read", "write"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, f.reporting, err = f.svc.Admin().AddClient(ctx, admin.NewClient{ID: "reporting", Roles: []string{"auditor"}, Scopes: []string{"read", "export"}})
	if err != nil {
		t.Fatal(err)
	}
	_, f.gateway, err = f.svc.Admin().AddClient(ctx, admin.NewClient{ID: "gateway", Service: true})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// selfIssuer in a configuration stands for the address that the service gets.
const selfIssuer = "self"

// run serves cfg until the test ends or stop is called.
func run(t testing.TB, cfg Config) *fixture {
	t.Helper()
	f := &fixture{t: t, cfg: cfg, log: new(lockedBuffer)}
	public, adminListener := listen(t), listen(t)
	if cfg.Issuer == selfIssuer {
		cfg.Issuer = "http://" + public.Addr().String()
		f.cfg = cfg
	}
	var err error
	f.svc, err = New(cfg, slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	f.svc.now = func() time.Time {
		now := time.Now()
		if at := f.stopped.Load(); at != 0 {
			now = time.Unix(0, at)
		}
		return now.Add(time.Duration(f.ahead.Load()))
	}
	f.svc.admin.Now = f.svc.now
	f.svc.admin.MinPassword = 1 // tests of other things have short passwords
	f.url = "http://" + public.Addr().String()
	f.admin = "http://" + adminListener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- f.svc.Serve(ctx, public, adminListener) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := f.svc.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Cleanup(f.stop)
	f.waitReady()
	return f
}

func (f *fixture) waitReady() {
	f.t.Helper()
	for range 200 {
		resp, err := http.Get(f.admin + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == 200 {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	f.t.Fatal("service is not ready")
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// reply is an answer of the service.
type reply struct {
	status int
	header http.Header
	body   string
}

// fields are the members of a JSON answer.
func (r reply) fields(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatalf("answer %d %q is no JSON object", r.status, r.body)
	}
	return m
}

// text is a member that is a string.
func (r reply) text(t testing.TB, name string) string {
	t.Helper()
	s, _ := r.fields(t)[name].(string)
	return s
}

// A request is changed by options before it is sent.
type option func(*http.Request)

func basicAuth(id, secret string) option {
	return func(r *http.Request) { r.SetBasicAuth(id, secret) }
}

func (f *fixture) send(method, path, kind, body string, options ...option) reply {
	f.t.Helper()
	req, err := http.NewRequest(method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for _, o := range options {
		o(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// post sends a form of alternating names and values.
func (f *fixture) post(path string, form []string, options ...option) reply {
	f.t.Helper()
	var body strings.Builder
	for i := 0; i < len(form); i += 2 {
		if i > 0 {
			body.WriteByte('&')
		}
		body.WriteString(url.QueryEscape(form[i]) + "=" + url.QueryEscape(form[i+1]))
	}
	return f.send("POST", path, "application/x-www-form-urlencoded", body.String(), options...)
}

func (f *fixture) login(id, password string, options ...option) reply {
	f.t.Helper()
	return f.post("/login", []string{"id", id, "password", password}, options...)
}

func (f *fixture) mustLogin() (access, refresh string) {
	f.t.Helper()
	r := f.login("alice", alicePassword)
	if r.status != 200 {
		f.t.Fatalf("login: %d %s", r.status, r.body)
	}
	return r.text(f.t, "access_token"), r.text(f.t, "refresh_token")
}

func (f *fixture) asGateway() option   { return basicAuth("gateway", f.gateway) }
func (f *fixture) asReporting() option { return basicAuth("reporting", f.reporting) }

func (f *fixture) introspect(token string, options ...option) reply {
	f.t.Helper()
	r := f.post("/oauth2/introspect", []string{"token", token}, append(options, f.asGateway())...)
	if r.status != 200 {
		f.t.Fatalf("introspect: %d %s", r.status, r.body)
	}
	return r
}

func (f *fixture) active(token string) bool {
	f.t.Helper()
	r := f.introspect(token)
	active := r.fields(f.t)["active"] == true
	if !active && r.body != `{"active":false}` {
		f.t.Errorf("inactive token is answered with %s", r.body)
	}
	return active
}

func (f *fixture) refresh(token string) reply {
	f.t.Helper()
	return f.post("/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", token})
}

// want checks the status, and the error code where there is one.
func (f *fixture) want(r reply, status int, code string) {
	f.t.Helper()
	if r.status != status {
		f.t.Errorf("status is %d, not %d: %s", r.status, status, r.body)
	}
	if code != "" && r.text(f.t, "error") != code {
		f.t.Errorf("error is %q, not %q", r.text(f.t, "error"), code)
	}
}

// each runs a test for both token formats, each over a store of its own kind:
// that the kinds do not differ is for package storetest to show.
func each(t *testing.T, test func(t *testing.T, cfg Config)) {
	for format, kind := range map[string]string{FormatJWT: StoreMemory, FormatOpaque: StorePebble} {
		t.Run(format, func(t *testing.T) {
			cfg := quick(t)
			cfg.Store.Kind, cfg.Tokens.Format = kind, format
			test(t, cfg)
		})
	}
}

// The life of a login, from the first token to the last refusal.
func TestLoginUser(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		access, refresh := f.mustLogin()
		got := f.introspect(access).fields(t)
		if got["sub"] != "alice" || got["client_id"] != "first-party" || got["username"] != "alice" ||
			got["scope"] != "read write" || got["iss"] != cfg.Issuer || got["token_type"] != "Bearer" {
			t.Errorf("introspection says %v", got)
		}
		second := f.refresh(refresh)
		f.want(second, 200, "")
		if !f.active(access) || !f.active(second.text(t, "access_token")) {
			t.Error("a refresh ended a token")
		}
		f.want(f.post("/oauth2/revoke", []string{"token", access}, f.asGateway()), 200, "")
		if f.active(access) || f.active(second.text(t, "access_token")) {
			t.Error("a token outlived its session")
		}
		f.want(f.refresh(second.text(t, "refresh_token")), 400, "invalid_grant")
	})
}

// A client gets a token for itself.
func TestAPIUser(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		r := f.post("/oauth2/token", []string{"grant_type", "client_credentials"}, f.asReporting())
		f.want(r, 200, "")
		got := f.introspect(r.text(t, "access_token")).fields(t)
		if got["sub"] != "reporting" || got["client_id"] != "reporting" || got["scope"] != "read export" || got["sid"] != nil {
			t.Errorf("introspection says %v", got)
		}
		if got["username"] != nil {
			t.Errorf("a client has the user name %v", got["username"])
		}
	})
}

// What was acknowledged is there after a restart: accounts, tokens, keys,
// revocations, and the feed's cursors.
func TestRestart(t *testing.T) {
	for _, format := range []string{FormatJWT, FormatOpaque} {
		t.Run(format, func(t *testing.T) {
			cfg := quick(t)
			cfg.Store.Kind, cfg.Tokens.Format = StorePebble, format
			f := start(t, cfg)
			access, refresh := f.mustLogin()
			dead, _ := f.mustLogin()
			f.want(f.post("/oauth2/revoke", []string{"token", dead}), 200, "")
			next := f.send("GET", "/revocations", "", "", f.asGateway()).text(t, "next")
			f.stop()

			g := run(t, cfg)
			g.gateway, g.reporting = f.gateway, f.reporting
			if !g.active(access) {
				t.Error("a token is lost")
			}
			if g.active(dead) {
				t.Error("a revocation is lost")
			}
			g.want(g.refresh(refresh), 200, "")
			r := g.send("GET", "/revocations?wait=0&after="+next, "", "", g.asGateway())
			if r.body != `{"events":[],"next":"`+next+`"}` {
				t.Errorf("the feed went on with %s", r.body)
			}
			g.mustLogin()
		})
	}
}
