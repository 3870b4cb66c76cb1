package client

import (
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// guarded is a security service that accepts some secrets of the client gateway.
type guarded struct {
	*fake
	mu       sync.Mutex
	accepted []string
	shown    []string // secrets, by call
}

func (g *guarded) accepts(secrets ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.accepted, g.shown = secrets, nil
}

func (g *guarded) seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.shown)
}

func newGuarded(t *testing.T) *guarded {
	g := &guarded{}
	g.fake = newFake(t, nil)
	g.says(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		g.mu.Lock()
		g.shown = append(g.shown, secret)
		known := id == "gateway" && slices.Contains(g.accepted, secret)
		g.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch {
		case !known:
			w.WriteHeader(401)
			io.WriteString(w, `{"error":"invalid_client","error_description":"client authentication failed"}`)
		case r.URL.Path == "/login" && r.FormValue("password") != "right":
			w.WriteHeader(401)
			io.WriteString(w, `{"error":"invalid_grant","error_description":"id or password is wrong"}`)
		case r.URL.Path == "/revocations":
			io.WriteString(w, `{"events":[],"next":"e-1"}`)
		default:
			io.WriteString(w, active(time.Minute))
		}
	})
	return g
}

func secretFile(t *testing.T) (path string, write func(text string)) {
	path = t.TempDir() + "/secret"
	return path, func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// ownCalls are all calls that are made in our own name.
var ownCalls = map[string]func(t *testing.T, c *Client) error{
	"introspect": func(t *testing.T, c *Client) error { _, err := c.Introspect(t.Context(), []byte("tg_x")); return err },
	"revoke":     func(t *testing.T, c *Client) error { return c.Revoke(t.Context(), "tg_x") },
	"feed":       func(t *testing.T, c *Client) error { _, err := c.Revocations(t.Context(), "e-1"); return err },
	"login":      func(t *testing.T, c *Client) error { _, err := login(c, "right"); return err },
}

func login(c *Client, password string) (status int, err error) {
	var in fasthttp.Request
	var out fasthttp.Response
	in.Header.SetMethod("POST")
	in.Header.SetContentType(typeForm)
	in.SetBodyString("id=a&password=" + password)
	err = c.Login(&in, &out, "192.0.2.1")
	return out.StatusCode(), err
}

// A secret that is replaced while we run is found when the old one is refused;
// no call fails.
func TestSecretIsReadAgainWhenRefused(t *testing.T) {
	for name, call := range ownCalls {
		t.Run(name, func(t *testing.T) {
			g := newGuarded(t)
			path, write := secretFile(t)
			write("old\n")
			c := newClient(t, g.URL, func(c *Config) { c.ClientSecret.File = path; c.Timeout = 5 * time.Second; c.Cache.TTL = 0 })
			c.own.looked.Store(time.Now().Add(time.Hour).UnixNano()) // only a refusal has it read again
			g.accepts("new")
			write("new\n")
			if err := call(t, c); err != nil {
				t.Errorf("with a new secret in the file: %v", err)
			}
			if got, want := g.seen(), []string{"old", "new"}; !slices.Equal(got, want) {
				t.Errorf("the service was shown %q, not %q", got, want)
			}
			if err := c.Refused(); err != nil {
				t.Errorf("Refused: %v", err)
			}
		})
	}
}

// A changed file is used without any refusal, too.
func TestSecretIsReadAgainWhenChanged(t *testing.T) {
	g := newGuarded(t)
	path, write := secretFile(t)
	write("old")
	c := newClient(t, g.URL, func(c *Config) { c.ClientSecret.File = path; c.Timeout = 5 * time.Second; c.Cache.TTL = 0 })
	g.accepts("old", "new")
	write("new")
	for deadline := time.Now().Add(5 * time.Second); !slices.Contains(g.seen(), "new"); time.Sleep(50 * time.Millisecond) {
		if err := ownCalls["introspect"](t, c); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 5 s the service was shown %q", g.seen())
		}
	}
}

// A service that does not know the new secret yet is shown the one before.
func TestSecretBeforeIsUsedWhereTheNewOneIsRefused(t *testing.T) {
	g := newGuarded(t)
	path, write := secretFile(t)
	write("old")
	c := newClient(t, g.URL, func(c *Config) { c.ClientSecret.File = path; c.Timeout = 5 * time.Second; c.Cache.TTL = 0 })
	g.accepts("old")
	write("new")
	if err := c.Reread(); err != nil {
		t.Fatal(err)
	}
	for name, call := range ownCalls {
		g.accepts("old")
		if err := call(t, c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, want := g.seen(), []string{"new", "old"}; !slices.Equal(got, want) {
			t.Errorf("%s: the service was shown %q, not %q", name, got, want)
		}
	}
}

// That we are refused is our own trouble: no verdict, and Refused says why.
func TestRefused(t *testing.T) {
	for name, call := range ownCalls {
		t.Run(name, func(t *testing.T) {
			g := newGuarded(t)
			path, write := secretFile(t)
			write("old")
			c := newClient(t, g.URL, func(c *Config) { c.ClientSecret.File = path; c.Timeout = 5 * time.Second; c.Cache.TTL = 0 })
			err := call(t, c)
			if !errors.Is(err, ErrUnavailable) || !errors.Is(err, ErrRefused) || errors.Is(err, ErrCredentials) {
				t.Errorf("refused: %v, not ErrUnavailable and ErrRefused", err)
			}
			if err := c.Refused(); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), `"gateway"`) || strings.Contains(err.Error(), "old") {
				t.Errorf("Refused: %v", err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := call(t, c); !errors.Is(err, os.ErrNotExist) || !errors.Is(c.Refused(), os.ErrNotExist) {
				t.Errorf("without the file: %v, and Refused: %v", err, c.Refused())
			}
			g.accepts("new")
			write("new")
			if err := call(t, c); err != nil || c.Refused() != nil {
				t.Errorf("mended: %v, and Refused: %v", err, c.Refused())
			}
		})
	}
}

// A wrong password is the user's, and not a refusal of ours.
func TestWrongPasswordIsNoRefusal(t *testing.T) {
	g := newGuarded(t)
	g.accepts(testSecret)
	c := newClient(t, g.URL, func(c *Config) { c.Timeout = 5 * time.Second })
	if status, err := login(c, "wrong"); status != 401 || err != nil || c.Refused() != nil {
		t.Errorf("wrong password: %d, %v, Refused %v", status, err, c.Refused())
	}
	if n := len(g.seen()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestRereadKeepsWhatItHas(t *testing.T) {
	g := newGuarded(t)
	path, write := secretFile(t)
	write("old")
	c := newClient(t, g.URL, func(c *Config) { c.ClientSecret.File = path; c.Timeout = 5 * time.Second })
	write("")
	if err := c.Reread(); err == nil || !strings.HasPrefix(err.Error(), "client_secret: secret file ") {
		t.Errorf("an empty file: %v", err)
	}
	g.accepts("old")
	if err := ownCalls["revoke"](t, c); err != nil {
		t.Error(err)
	}
}
