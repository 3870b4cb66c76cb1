package identity

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/introspect/client"
)

var silent = slog.New(slog.DiscardHandler)

func TestMetadataURLs(t *testing.T) {
	f := func(name string, want ...string) {
		t.Helper()
		if got := MetadataURLs(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	f("https://h", "https://h/.well-known/openid-configuration", "https://h/.well-known/oauth-authorization-server")
	f("https://h/", "https://h/.well-known/openid-configuration", "https://h/.well-known/oauth-authorization-server")
	f("https://h:8443/realms/R", "https://h:8443/realms/R/.well-known/openid-configuration", "https://h:8443/.well-known/oauth-authorization-server/realms/R")
	f("https://h/application/o/APP/", "https://h/application/o/APP/.well-known/openid-configuration", "https://h/.well-known/oauth-authorization-server/application/o/APP")
}

// Keys are found by either document, and by no document that is another issuer's.
func TestDiscovery(t *testing.T) {
	set := newFakeIssuer(t).set
	type answers map[string]string
	f := func(path, want string, serve func(base string) answers) {
		t.Helper()
		var documents answers
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, ok := documents[r.URL.Path]
			if !ok {
				http.NotFound(w, r)
				return
			}
			io.WriteString(w, text)
		}))
		defer s.Close()
		documents = serve(s.URL)
		c, err := Resolve(Issuer{Name: s.URL + path})
		if err != nil {
			t.Fatal(err)
		}
		keys, err := NewKeys(&c, silent)
		if err != nil {
			t.Fatal(err)
		}
		err = keys.Refresh(t.Context())
		if want == "" && (err != nil || keys.Snapshot().Len() != 2) {
			t.Errorf("%s: %d keys, %v", path, keys.Snapshot().Len(), err)
		}
		if want != "" && (!errors.Is(err, ErrMetadata) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	metadata := func(issuer, keys string) string { return `{"issuer":"` + issuer + `","jwks_uri":"` + keys + `"}` }
	f("/realms/R", "", func(base string) answers {
		return answers{"/realms/R/.well-known/openid-configuration": metadata(base+"/realms/R", base+"/k"), "/k": string(set)}
	})
	f("/as", "", func(base string) answers {
		return answers{"/.well-known/oauth-authorization-server/as": metadata(base+"/as", base+"/k"), "/k": string(set)}
	})
	f("/", "", func(base string) answers {
		return answers{"/.well-known/openid-configuration": metadata(base+"/", base+"/k"), "/k": string(set)}
	})
	f("", "differs by the slash at the end", func(base string) answers {
		return answers{"/.well-known/openid-configuration": metadata(base+"/", base+"/k"), "/k": string(set)}
	})
	f("", "calls itself", func(base string) answers {
		return answers{"/.well-known/openid-configuration": metadata("https://evil.example", base+"/k"), "/k": string(set)}
	})
	f("", "no jwks_uri", func(base string) answers {
		return answers{"/.well-known/openid-configuration": metadata(base, "")}
	})
	f("", "unexpected status 404", func(string) answers { return answers{} })
	f("", "not a JSON document", func(string) answers { return answers{"/.well-known/openid-configuration": "<html>"} })
}

// A cluster's keys: behind its own authority, for its own token, which is read
// again when it has changed, and goes to no other host.
func TestKeysOfACluster(t *testing.T) {
	set := newFakeIssuer(t).set
	var stranger []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stranger = append(stranger, r.Header.Get("Authorization"))
	}))
	defer other.Close()
	var want = "Bearer one"
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != want:
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/away":
			http.Redirect(w, r, strings.Replace(other.URL, "http:", "https:", 1), http.StatusFound)
		default:
			w.Write(set)
		}
	}))
	defer s.Close()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	token := write("token", []byte("one\n"))
	keysOf := func(change func(*Keys)) *keyset.KeySet {
		t.Helper()
		k := Keys{URL: s.URL, CAFile: ca, Bearer: client.Secret{File: token}}
		change(&k)
		c, err := Resolve(Issuer{Name: "https://kubernetes.default.svc.cluster.local", Profile: "kubernetes", Keys: k})
		if err != nil {
			t.Fatal(err)
		}
		keys, err := NewKeys(&c, silent)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	keys := keysOf(func(*Keys) {})
	if err := keys.Refresh(t.Context()); err != nil || keys.Snapshot().Len() != 2 {
		t.Fatalf("%d keys, %v", keys.Snapshot().Len(), err)
	}
	want = "Bearer two"
	if err := keys.Refresh(t.Context()); !errors.Is(err, keyset.ErrStatus) {
		t.Errorf("with yesterday's token: %v, want %v", err, keyset.ErrStatus)
	}
	write("token", []byte("two"))
	if err := keys.Refresh(t.Context()); err != nil {
		t.Errorf("with today's: %v", err)
	}
	if err := keysOf(func(k *Keys) { k.CAFile = "" }).Refresh(t.Context()); err == nil {
		t.Error("a server of an unknown authority was believed")
	}
	if err := keysOf(func(k *Keys) { k.Bearer = client.Secret{} }).Refresh(t.Context()); !errors.Is(err, keyset.ErrStatus) {
		t.Errorf("without a token: %v", err)
	}
	_ = keysOf(func(k *Keys) { k.URL += "/away" }).Refresh(t.Context()) // it fails; what matters is what was sent
	for _, authorization := range stranger {
		if authorization != "" {
			t.Errorf("another host was sent %q", authorization)
		}
	}
	c, err := Resolve(Issuer{Name: "https://x", Keys: Keys{URL: s.URL, CAFile: filepath.Join(dir, "none")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewKeys(&c, silent); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a CA file that is not there: %v", err)
	}
}

// An address that hangs costs no more than its time.
func TestKeysThatHang(t *testing.T) {
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	defer close(hold)
	c, err := Resolve(Issuer{Name: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	source, err := NewSource(&c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := source.Fetch(ctx, ""); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
