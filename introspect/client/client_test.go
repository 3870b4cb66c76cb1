package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
		(*f.answer.Load())(w, r)
	}))
	t.Cleanup(f.CloseClientConnections)
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

func TestIntrospect(t *testing.T) {
	f := newFake(t, nil)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if r.Method != "POST" || r.URL.Path != "/oauth2/introspect" || id != "gateway" || secret != testSecret || r.FormValue("token") != "tg_a+b%&=" {
			t.Errorf("%s %s by %s for %q", r.Method, r.URL.Path, id, r.FormValue("token"))
		}
		says(active(time.Minute))(w, r)
	})
	c := newClient(t, f.URL, nil)
	a, err := c.Introspect(t.Context(), []byte("tg_a+b%&="))
	if err != nil {
		t.Fatal(err)
	}
	k := a.Claims
	if k.Subject() != "customer-1" || k.ClientID() != "first-party" || k.TokenID() != "j1" || k.SessionID() != "s1" ||
		k.ScopeList() != "orders.read orders.write" || k.RoleList() != "customer" || !k.HasAudience("orders") ||
		k.ExpiresAt().Std().Before(time.Now()) {
		t.Errorf("claims %+v", k)
	}
}

// What is wrong with the answer is no verdict on the token, ends in time, and
// leaves nothing behind.
func TestNoVerdict(t *testing.T) {
	good := active(time.Minute)
	f := func(name string, answer http.HandlerFunc) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s := newFake(t, answer)
			c := newClient(t, s.URL, nil)
			began := time.Now()
			if _, err := c.Introspect(t.Context(), []byte("tg_x")); !errors.Is(err, ErrUnavailable) {
				t.Errorf("err = %v, want ErrUnavailable", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			// nothing was stored: once the service is well again, it is asked
			s.says(says(good))
			if _, err := c.Introspect(t.Context(), []byte("tg_x")); err != nil {
				t.Errorf("after recovery: %v", err)
			}
		})
	}
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			io.WriteString(w, body)
		}
	}
	f("hung", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Second):
		}
	})
	f("slow", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := range len(good) {
			io.WriteString(w, good[i:i+1])
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	f("reset", func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	})
	f("closed in the middle", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, good)
		panic(http.ErrAbortHandler)
	})
	f("no HTTP", func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		io.WriteString(c, "\x00\x01\x02 200 OK\r\n\r\n"+good)
		c.Close()
	})
	f("garbage", says("\x00\xff not JSON"))
	f("empty", says(""))
	f("two values", says(good+good))
	f("not an object", says(`["active"]`))
	f("huge", says(`{"active":true,"pad":"`+strings.Repeat("x", maxAnswer)+`"}`))
	f("redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	f("404", status(404, good))
	f("500", status(500, good))
	f("our credentials refused", status(401, `{"error":"invalid_client"}`))
	f("another type", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, good)
	})
	// lies
	f("active twice", says(strings.Replace(good, "{", `{"active":false,`, 1)))
	f("active in another case", says(strings.Replace(good, `"active"`, `"Active"`, 1)))
	f("active no boolean", says(strings.Replace(good, `"active":true`, `"active":"true"`, 1)))
	f("without active", says(strings.Replace(good, `"active":true,`, ``, 1)))
	f("expired", says(active(-time.Minute)))
	f("without exp", says(strings.Replace(good, `"exp"`, `"expiry"`, 1)))
	f("another issuer", says(strings.Replace(good, "issuer.test", "issuer.evil", 1)))
	f("without sub", says(strings.Replace(good, `"sub"`, `"subject"`, 1)))
	f("without jti", says(strings.Replace(good, `"jti"`, `"id"`, 1)))
	f("roles no list", says(strings.Replace(good, `["customer"]`, `{"customer":true}`, 1)))
}

func TestInactive(t *testing.T) {
	f := func(body string) {
		t.Helper()
		c := newClient(t, newFake(t, says(body)).URL, nil)
		if _, err := c.Introspect(t.Context(), []byte("tg_x")); !errors.Is(err, ErrInactive) {
			t.Errorf("%s: err = %v, want ErrInactive", body, err)
		}
	}
	f(`{"active":false}`)
	// for somebody else
	f(strings.Replace(active(time.Minute), `"aud":"orders"`, `"aud":["a","b"]`, 1))
}

// An answer is kept for the shorter of the configured time and the token's own.
func TestCacheExpiry(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	f := newFake(t, says(active(20*time.Second)))
	c := newClient(t, f.URL, func(c *Config) {
		c.Cache = Cache{TTL: 10 * time.Second, InactiveTTL: 2 * time.Second}
		c.Now = func() time.Time { return time.Unix(0, now.Load()) }
		c.Timeout = 5 * time.Second
	})
	ask := func(token string, after time.Duration, calls int64, want error) {
		t.Helper()
		now.Add(int64(after))
		if _, err := c.Introspect(t.Context(), []byte(token)); !errors.Is(err, want) {
			t.Errorf("err = %v, want %v", err, want)
		}
		if n := f.calls.Load(); n != calls {
			t.Errorf("%d calls, want %d", n, calls)
		}
	}
	ask("tg_a", 0, 1, nil)
	ask("tg_a", 9*time.Second, 1, nil)
	ask("tg_a", 2*time.Second, 2, nil)            // the configured time is over
	ask("tg_a", 8*time.Second, 2, nil)            // 19 s
	ask("tg_a", 2*time.Second, 3, ErrUnavailable) // and now the token's: the service says otherwise, which is a lie
	f.says(says(`{"active":false}`))
	ask("tg_b", 0, 4, ErrInactive)
	ask("tg_b", time.Second, 4, ErrInactive)
	ask("tg_b", 2*time.Second, 5, ErrInactive)
}

// With no time to keep answers for, every use is a call.
func TestNoCache(t *testing.T) {
	f := newFake(t, says(active(time.Minute)))
	c := newClient(t, f.URL, func(c *Config) { c.Cache.TTL = 0 })
	for range 3 {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.calls.Load(); n != 3 {
		t.Errorf("%d calls", n)
	}
}

// A thousand first uses of one token at once are one call, and whoever began
// it may leave.
func TestSingleFlight(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	f := newFake(t, nil)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-proceed
		says(active(time.Minute))(w, r)
	})
	c := newClient(t, f.URL, func(c *Config) { c.Timeout = 10 * time.Second })
	leader, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := c.Introspect(leader, []byte("tg_a"))
		left <- err
	}()
	<-arrived
	var wg sync.WaitGroup
	var failed atomic.Int64
	for range 1000 {
		wg.Go(func() {
			if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
				failed.Add(1)
			}
		})
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the leader: %v", err)
	}
	close(proceed)
	wg.Wait()
	if n := failed.Load(); n != 0 {
		t.Errorf("%d failed", n)
	}
	if n := f.calls.Load(); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// An answer that was under way when something was revoked is not kept.
func TestRevise(t *testing.T) {
	f := newFake(t, nil)
	var c *Client
	f.says(func(w http.ResponseWriter, r *http.Request) {
		if f.calls.Load() == 1 {
			c.Revise()
		}
		says(active(time.Minute))(w, r)
	})
	c = newClient(t, f.URL, func(c *Config) { c.Timeout = 10 * time.Second })
	for i, calls := range []int64{1, 2, 2} {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
			t.Fatal(err)
		}
		if n := f.calls.Load(); n != calls {
			t.Errorf("use %d: %d calls, want %d", i, n, calls)
		}
	}
}

// Two issuers are two clients, and neither knows what the other was told.
func TestIssuersApart(t *testing.T) {
	a := newClient(t, newFake(t, says(active(time.Minute))).URL, nil)
	b := newClient(t, newFake(t, says(`{"active":false}`)).URL, nil)
	for range 2 {
		if _, err := a.Introspect(t.Context(), []byte("tg_x")); err != nil {
			t.Error(err)
		}
		if _, err := b.Introspect(t.Context(), []byte("tg_x")); !errors.Is(err, ErrInactive) {
			t.Error(err)
		}
	}
}

// Bad tokens, however many, have a bounded place.
func TestInactiveBounded(t *testing.T) {
	i := newInactiveCache(64)
	now := time.Now()
	for n := range 100_000 {
		i.put(fmt.Sprint("tg_", n), now, time.Minute)
	}
	if len(i.until) != 64 {
		t.Errorf("%d entries", len(i.until))
	}
	if !i.has([]byte("tg_99999"), now.UnixNano()) || i.has([]byte("tg_0"), now.UnixNano()) {
		t.Error("the newest does not stay, or the oldest does")
	}
}

// A hash is not trusted: an entry that answers for other bytes is none.
func TestCacheComparesToken(t *testing.T) {
	c, err := newActiveCache(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	now := time.Now()
	c.c.Set("tg_a", &entry{token: "tg_b", answer: &Answer{}, expires: now.Add(time.Minute).UnixNano()}, 1)
	c.c.Wait()
	c.place([]byte("tg_a")).Store(&entry{token: "tg_c", answer: &Answer{}, expires: now.Add(time.Minute).UnixNano()})
	if c.get([]byte("tg_a"), now.UnixNano()) != nil {
		t.Error("an answer for another token")
	}
}

// The breaker opens after a few failures, answers without calling, and closes
// again when the service is back.
func TestBreaker(t *testing.T) {
	f := newFake(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := newClient(t, f.URL, func(c *Config) { c.Timeout, c.Breaker = 50*time.Millisecond, Breaker{3, 300 * time.Millisecond} })
	for range 3 {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if !c.Open() {
		t.Fatal("not open after three failures")
	}
	before := f.calls.Load()
	if _, err := c.Introspect(t.Context(), []byte("tg_a")); !errors.Is(err, ErrUnavailable) || f.calls.Load() != before {
		t.Errorf("open: %v, %d calls", err, f.calls.Load()-before)
	}
	f.says(says(active(time.Minute)))
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("does not close again")
		}
	}
	// what is not the service's failure leaves it closed
	f.says(says(`{"active":false}`))
	for i := range 10 {
		if _, err := c.Introspect(t.Context(), fmt.Append(nil, "tg_bad", i)); !errors.Is(err, ErrInactive) {
			t.Error(err)
		}
	}
	if c.Open() {
		t.Error("open because of bad tokens")
	}
}

// An idle connection that the service has closed is no failure.
func TestStaleConnection(t *testing.T) {
	f := newFake(t, says(active(time.Minute)))
	c := newClient(t, f.URL, func(c *Config) { c.Cache.TTL, c.Timeout = 0, 5*time.Second })
	for i := range 5 {
		if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
			t.Fatalf("use %d: %v", i, err)
		}
		f.CloseClientConnections()
	}
}

func TestTokenAndRevoke(t *testing.T) {
	f := newFake(t, nil)
	answer := `{"access_token":"tok","token_type":"Bearer","expires_in":60}`
	status := 200
	f.says(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if r.URL.Path == "/oauth2/token" && (id != "a%3Ab" || secret != "s+%26" || r.FormValue("grant_type") != "client_credentials") {
			t.Errorf("token for %q %q %q", id, secret, r.FormValue("grant_type"))
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, answer)
	})
	c := newClient(t, f.URL, func(c *Config) { c.Timeout = 5 * time.Second })
	token, err := c.Token(t.Context(), "a:b", "s &")
	if err != nil || token.Value != "tok" || time.Until(token.Expires) < 50*time.Second {
		t.Errorf("%+v, %v", token, err)
	}
	fails := func(s int, body string, want error) {
		t.Helper()
		status, answer = s, body
		if _, err := c.Token(t.Context(), "a:b", "s &"); !errors.Is(err, want) {
			t.Errorf("%d %s: err = %v, want %v", s, body, err, want)
		}
	}
	fails(401, `{"error":"invalid_client"}`, ErrCredentials)
	fails(400, `{"error":"unauthorized_client"}`, ErrCredentials)
	fails(429, `{}`, ErrBusy)
	fails(302, ``, ErrUnavailable)
	fails(200, `{"access_token":"","token_type":"Bearer","expires_in":60}`, ErrUnavailable)
	fails(200, `{"access_token":"x","token_type":"mac","expires_in":60}`, ErrUnavailable)
	fails(200, `nonsense`, ErrUnavailable)
	status, answer = 200, ""
	if err := c.Revoke(t.Context(), "tok"); err != nil {
		t.Error(err)
	}
	status = 403
	if err := c.Revoke(t.Context(), "tok"); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

func TestRevocations(t *testing.T) {
	f := newFake(t, nil)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		switch r.FormValue("after") {
		case "":
			says(`{"events":[{"cursor":"e-1","kind":"token","id":"j1","exp":5},{"cursor":"e-2","kind":"client","id":"c","before":3,"exp":9}],"next":"e-2","reset":true}`)(w, r)
		case "e-2":
			<-r.Context().Done()
		default:
			says(`{"events":[]}`)(w, r)
		}
	})
	c := newClient(t, f.URL, nil)
	b, err := c.Revocations(t.Context(), "")
	if err != nil || !b.Reset || b.Next != "e-2" || len(b.Events) != 2 || b.Events[1] != (Event{"e-2", "client", "c", 3, 9}) {
		t.Errorf("%+v, %v", b, err)
	}
	// a held request ends with its context
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Revocations(ctx, "e-2"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("held: %v", err)
	}
	// a batch without a cursor cannot be followed
	if _, err := c.Revocations(t.Context(), "e-3"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without next: %v", err)
	}
}

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("TOLLGATE_TEST_FULL", " s ")
	t.Setenv("TOLLGATE_TEST_EMPTY", "")
	good := func(s Secret) {
		t.Helper()
		if v, err := s.Read(); v != "s" || err != nil {
			t.Errorf("%+v: %q, %v", s, v, err)
		}
	}
	good(Secret{File: write("a", "s\n")})
	good(Secret{Env: "TOLLGATE_TEST_FULL"})
	bad := func(s Secret, want string) {
		t.Helper()
		if v, err := s.Read(); v != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %q, %v", s, v, err)
		}
	}
	bad(Secret{}, "give file or env")
	bad(Secret{File: "a", Env: "b"}, "not both")
	bad(Secret{File: write("empty", "\n")}, "is empty")
	bad(Secret{File: filepath.Join(dir, "absent")}, "no such file")
	bad(Secret{Env: "TOLLGATE_TEST_EMPTY"}, "is empty")
}

func TestConfigCheck(t *testing.T) {
	good := Config{URL: "http://a:1", ClientID: "g", ClientSecret: Secret{Env: "X"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	f := func(want string, change func(*Config)) {
		t.Helper()
		c := good
		change(&c)
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("err = %v, want %s…", err, want)
		}
	}
	f("url: ", func(c *Config) { c.URL = "" })
	f("url: ", func(c *Config) { c.URL = "ftp://a" })
	f("url: ", func(c *Config) { c.URL = "http://a/path" })
	f("url: ", func(c *Config) { c.URL = "http://u:p@a" })
	f("client_id: ", func(c *Config) { c.ClientID = "" })
	f("client_secret: ", func(c *Config) { c.ClientSecret = Secret{} })
	f("client_secret: ", func(c *Config) { c.ClientSecret = Secret{"a", "b"} })
	f("timeout: ", func(c *Config) { c.Timeout = -1 })
	f("max_conns: ", func(c *Config) { c.MaxConns = -1 })
	f("breaker: ", func(c *Config) { c.Breaker.Failures = -1 })
	f("tls: ", func(c *Config) { c.TLS.CertFile = "a" })
}

// A hit allocates nothing.
func TestHitAllocations(t *testing.T) {
	c := newClient(t, newFake(t, says(active(time.Minute))).URL, func(c *Config) { c.Timeout = 5 * time.Second })
	token := []byte("tg_a")
	ask := func() {
		if _, err := c.Introspect(context.Background(), token); err != nil {
			t.Error(err)
		}
	}
	ask()
	if n := testing.AllocsPerRun(100, ask); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
