package keyset

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jwks.json")
	s := File(path)
	if _, err := s.Fetch(t.Context(), ""); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	write := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("one"))
	d, err := s.Fetch(t.Context(), "")
	if err != nil || string(d.Body) != "one" || d.NotModified || d.ETag == "" {
		t.Fatalf("%+v, %v", d, err)
	}
	if again, err := s.Fetch(t.Context(), d.ETag); err != nil || !again.NotModified || again.ETag != d.ETag || again.Body != nil {
		t.Errorf("%+v, %v", again, err)
	}
	// the same length within the same second
	write([]byte("two"))
	if next, err := s.Fetch(t.Context(), d.ETag); err != nil || string(next.Body) != "two" || next.NotModified || next.ETag == d.ETag {
		t.Errorf("%+v, %v", next, err)
	}
	write(make([]byte, MaxDocument+1))
	if _, err := s.Fetch(t.Context(), ""); !errors.Is(err, ErrDocument) {
		t.Error(err)
	}
}

func TestHTTP(t *testing.T) {
	body := "body"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/jwks":
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Cache-Control", `public, Max-Age="600", must-revalidate`)
			if r.Header.Get("If-None-Match") == `"1"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Write([]byte(body))
		case "/large":
			w.Write(bytes.Repeat([]byte(" "), MaxDocument+1))
		case "/moved":
			http.Redirect(w, r, "/jwks", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/304":
			w.WriteHeader(http.StatusNotModified)
		case "/hang":
			<-r.Context().Done()
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	d, err := HTTP(server.URL+"/jwks", nil).Fetch(t.Context(), "")
	if err != nil || string(d.Body) != body || d.ETag != `"1"` || d.MaxAge != 10*time.Minute || d.NotModified {
		t.Errorf("%+v, %v", d, err)
	}
	if d, err := HTTP(server.URL+"/jwks", nil).Fetch(t.Context(), `"1"`); err != nil || !d.NotModified || d.MaxAge != 10*time.Minute {
		t.Errorf("%+v, %v", d, err)
	}
	if d, err := HTTP(server.URL+"/moved", nil).Fetch(t.Context(), ""); err != nil || string(d.Body) != body {
		t.Errorf("%+v, %v", d, err)
	}
	f := func(path string, within time.Duration, want error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		if _, err := HTTP(server.URL+path, nil).Fetch(ctx, ""); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	f("/missing", time.Minute, ErrStatus)
	f("/304", time.Minute, ErrStatus) // nothing was asked for that it could have
	f("/large", time.Minute, ErrDocument)
	f("/loop", time.Minute, errRedirect)
	f("/hang", 200*time.Millisecond, context.DeadlineExceeded)
}

// A redirect must not take the keys' way out of TLS.
func TestHTTPRedirectDowngrade(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	client := secure.Client()
	client.CheckRedirect = checkRedirect
	if _, err := HTTP(secure.URL, client).Fetch(t.Context(), ""); !errors.Is(err, errRedirect) {
		t.Error(err)
	}
}

// A URL may hold a password; errors are logged.
func TestHTTPErrorHidesURL(t *testing.T) {
	_, err := HTTP("http://user:hunter2@127.0.0.1:1/jwks?key=hunter2", nil).Fetch(t.Context(), "")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	_, err = HTTP("http://user:hunter2@127.0.0.1:bad/", nil).Fetch(t.Context(), "")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestMaxAge(t *testing.T) {
	f := func(want time.Duration, headers ...string) {
		t.Helper()
		if got := maxAge(headers); got != want {
			t.Errorf("%q: %v, want %v", headers, got, want)
		}
	}
	f(0)
	f(0, "no-store")
	f(5*time.Second, "max-age=5")
	f(5*time.Second, "no-transform", "public , max-age=5")
	f(0, "max-age=-1")
	f(0, "max-age=x")
	f(0, "max-age")
	f(0, "s-maxage=5")
	f(0, "max-age=99999999999")
}
