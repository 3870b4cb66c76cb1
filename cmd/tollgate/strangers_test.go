package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/tollgate/tollgate/gateway"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/internal/node"
	"github.com/tollgate/tollgate/introspect"
	"github.com/tollgate/tollgate/introspect/admin"
)

//go:embed testdata/secret.mjs
var secretMJS string

//go:embed testdata/secret.py
var secretPY string

// A client whose id and secret hold all that libraries encode in different ways.
const (
	strangerID     = "my.app-1_x"
	strangerSecret = "50% off: a+b = c & d/\u00fcml\u00e4ut \u2603 %41+0123456789"
)

// A pattern is a security service and a gateway in front of it, which run in this
// process until the test ends, with the client of the strangers.
type pattern struct {
	service, front string // URLs
	ops            admin.Admin
	secretFile     string // of the gateway's own secret
}

func newPattern(t *testing.T) *pattern {
	t.Helper()
	p := &pattern{secretFile: filepath.Join(t.TempDir(), "gateway")}
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	serve := func(run func(context.Context) error) {
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- run(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	log := slog.New(slog.DiscardHandler)
	sec, pub := listen(), listen()
	p.service, p.front = "http://"+sec.Addr().String(), "http://"+pub.Addr().String()
	svc, err := introspect.New(introspect.Config{
		Data: t.TempDir(), Issuer: p.front, Audience: []string{"orders"},
		Store: introspect.StoreConfig{Kind: introspect.StoreMemory}, Tokens: introspect.TokensConfig{Format: introspect.FormatOpaque},
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	p.ops = svc.Admin()
	for _, n := range []admin.NewClient{{ID: "gateway", Service: true}, {ID: strangerID, Secret: []byte(strangerSecret)}} {
		_, secret, err := p.ops.AddClient(t.Context(), n)
		if err == nil && n.Service {
			err = os.WriteFile(p.secretFile, []byte(secret+"\n"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	serve(func(ctx context.Context) error {
		defer svc.Close()
		return svc.Serve(ctx, sec, listen())
	})
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.Header.Get("X-Auth-Subject"))) }))
	t.Cleanup(behind.Close)
	conf := gateway.Config{Mode: gateway.ModeOpaque, Issuer: p.front, Audience: "orders", Routes: []policy.Route{{Prefix: "/whoami", Upstream: behind.URL}}}
	conf.SecurityService.URL, conf.SecurityService.ClientID = p.service, "gateway"
	conf.SecurityService.ClientSecret.File = p.secretFile
	conf.SecurityService.Timeout = 5 * time.Second
	g, err := gateway.New(conf, log)
	if err != nil {
		t.Fatal(err)
	}
	serve(func(ctx context.Context) error { return g.Serve(ctx, pub, listen()) })
	for deadline := time.Now().Add(10 * time.Second); !g.Readiness().Ready; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the gateway is not ready: %+v", g.Readiness())
		}
	}
	return p
}

// Clients that nobody here wrote obtain tokens with an awkward secret, at the
// service and through the gateway, and send it to a route of the gateway.
func TestStrangersSecrets(t *testing.T) {
	p := newPattern(t)
	for name, base := range map[string]string{"service": p.service, "gateway": p.front} {
		t.Run(name, func(t *testing.T) {
			token, route := base+"/oauth2/token", p.front+"/whoami"
			env := []string{"ID=" + strangerID, "SECRET=" + strangerSecret, "TOKEN=" + token, "ROUTE=" + route}
			t.Run("Go x/oauth2", func(t *testing.T) {
				for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
					c := clientcredentials.Config{ClientID: strangerID, ClientSecret: strangerSecret, TokenURL: token, AuthStyle: style}
					if _, err := c.Token(t.Context()); err != nil {
						t.Errorf("style %d: %v", style, err)
					}
				}
			})
			t.Run("Go net/http", func(t *testing.T) {
				req, err := http.NewRequest("GET", route, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.SetBasicAuth(strangerID, strangerSecret)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != 200 {
					t.Errorf("the route answers %d, not 200", res.StatusCode)
				}
			})
			t.Run("curl", func(t *testing.T) {
				curl := program(t, "curl", "TOLLGATE_REQUIRE_CURL")
				say := func(args ...string) string {
					cmd := exec.Command(curl, append([]string{"--silent", "--show-error", "--config", "-"}, args...)...)
					cmd.Stdin = strings.NewReader("user = \"" + strangerID + ":" + strangerSecret + "\"\n")
					out, err := cmd.CombinedOutput()
					if err != nil {
						t.Fatalf("curl: %v\n%s", err, out)
					}
					return string(out)
				}
				var answer struct {
					Type string `json:"token_type"`
				}
				if out := say("--data", "grant_type=client_credentials", token); json.Unmarshal([]byte(out), &answer) != nil || answer.Type != "Bearer" {
					t.Errorf("the token endpoint answers %s", out)
				}
				if out := say(route); out != strangerID {
					t.Errorf("the route answers %s, not %s", out, strangerID)
				}
			})
			t.Run("Python urllib", func(t *testing.T) {
				cmd := exec.Command(program(t, "python3", "TOLLGATE_REQUIRE_PYTHON"), "-c", secretPY)
				cmd.Env = append(os.Environ(), env...)
				out, err := cmd.CombinedOutput()
				if want := "basic Bearer\npost Bearer\nroute 200\n"; err != nil || string(out) != want {
					t.Errorf("urllib says %s (%v), not %s", out, err, want)
				}
			})
			t.Run("npm", func(t *testing.T) {
				node.Need(t, "openid-client", "oauth4webapi")
				want := "oauth4webapi bearer\noauth4webapi bearer\noauth4webapi 200\nopenid-client bearer\nopenid-client bearer\nopenid-client 200\n"
				if got := node.Run(t, secretMJS, env...); got != want {
					t.Errorf("they say\n%s\nnot\n%s", got, want)
				}
			})
		})
	}
}

// program finds a program; where it is missing the test is skipped, or fails where
// the variable require is set.
func program(t *testing.T, name, require string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv(require) != "":
		t.Fatalf("%s is set, and there is no %s here", require, name)
	default:
		t.Skipf("there is no %s here, so nothing is tried with it", name)
	}
	return path
}

// The gateway's own secret is replaced in the middle of traffic, of which every
// request has the security service asked: none fails.
func TestOwnSecretIsReplacedUnderTraffic(t *testing.T) {
	p := newPattern(t)
	c := clientcredentials.Config{ClientID: strangerID, ClientSecret: strangerSecret, TokenURL: p.front + "/oauth2/token"}
	token, err := c.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var sent, failed atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				req, err := http.NewRequest("GET", p.front+"/whoami", nil)
				if err != nil {
					t.Error(err)
					return
				}
				token.SetAuthHeader(req)
				res, err := http.DefaultClient.Do(req)
				if sent.Add(1); err != nil || res.StatusCode != 200 {
					failed.Add(1)
				}
				if err == nil {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			}
		})
	}
	defer func() {
		close(stop)
		all.Wait()
		if failed.Load() > 0 || sent.Load() < 100 {
			t.Errorf("%d of %d requests failed", failed.Load(), sent.Load())
		}
	}()
	for range 2 {
		old, err := p.ops.Secrets(t.Context(), "gateway")
		if err != nil {
			t.Fatal(err)
		}
		_, secret, err := p.ops.AddSecret(t.Context(), "gateway", nil)
		if err != nil {
			t.Fatal(err)
		}
		// As a shell does it: the file is empty for a moment.
		for _, text := range []string{"", secret + "\n"} {
			if err := os.WriteFile(p.secretFile, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
		}
		if _, err := p.ops.RemoveSecret(t.Context(), "gateway", old[0].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
	}
}
