package client

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

const testSecret = "tgs_gateway.secret"

// fake is a security service that answers introspection as it is told to.
type fake struct {
	*httptest.Server
	calls  atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
}

func (f *fake) says(h http.HandlerFunc) { f.answer.Store(&h) }

func newFake(t *testing.T, answer http.HandlerFunc) *fake {
	f := &fake{}
	f.says(answer)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.calls.Add(1)
		r.ParseForm() // with the body unread, nobody looks whether the client is there
		(*f.answer.Load())(w, r)
	}))
	t.Cleanup(func() { f.CloseClientConnections(); f.Close() })
	return f
}

func newClient(t *testing.T, url string, change func(*Config)) *Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(testSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		URL: url, ClientID: "gateway", ClientSecret: Secret{File: file}, Timeout: 200 * time.Millisecond,
		Cache: Cache{TTL: time.Minute}, Issuer: "https://issuer.test", Audience: "orders",
	}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func active(exp time.Duration) string {
	now := time.Now()
	return fmt.Sprintf(`{"active":true,"sub":"customer-1","client_id":"first-party","jti":"j1","sid":"s1","iss":"https://issuer.test",
		"aud":"orders","scope":"orders.read orders.write","roles":["customer"],"token_type":"Bearer","iat":%d,"exp":%d}`,
		now.Unix(), now.Add(exp).Unix())
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		io.WriteString(w, body)
	}
}
