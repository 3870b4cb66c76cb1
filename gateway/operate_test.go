package gateway

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Told to stop, the gateway lets the request under way end, and takes no other.
func TestDrain(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	w := newWorldWith(t, ModeJWT, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-proceed
		io.WriteString(w, "done")
	}), nil)
	idle, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	answer := make(chan got)
	go func() { answer <- w.do("GET", "/healthz") }()
	<-arrived
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	idle.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("an idle connection: %v", err)
	}
	if _, err := net.Dial("tcp", w.public); err == nil {
		t.Error("a new connection was taken")
	}
	close(proceed)
	if res := <-answer; res.StatusCode != 200 || res.body != "done" {
		t.Errorf("%d %q", res.StatusCode, res.body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func (w *world) adminGet(path string, headers ...string) got {
	w.t.Helper()
	req, err := http.NewRequest("GET", "http://"+w.admin+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return got{res, string(b)}
}

func TestAdmin(t *testing.T) {
	w, auth := newTraffic(t, nil)
	w.do("GET", "/orders/file", "Authorization", auth)
	w.do("GET", "/orders/file")
	w.raw("nonsense\r\n\r\n")
	if res := w.adminGet("/healthz"); res.StatusCode != 200 || res.body != "ok\n" {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
	if res := w.adminGet("/readyz"); res.StatusCode != 200 || !strings.Contains(res.body, `"ready":true`) || !strings.Contains(res.body, `"keys":1`) {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
	if res := w.adminGet("/debug/pprof/"); res.StatusCode != 200 {
		t.Errorf("pprof: %d", res.StatusCode)
	}
	if res := w.adminGet("/elsewhere"); res.StatusCode != 404 {
		t.Errorf("elsewhere: %d", res.StatusCode)
	}
	res := w.adminGet("/metrics")
	for _, line := range []string{
		`tollgate_requests_total{route="/orders",outcome="forwarded"} 1`, `tollgate_requests_total{route="/orders",outcome="anonymous"} 1`,
		`tollgate_requests_total{route="malformed",outcome="bad_request"} 1`, `tollgate_responses_total{route="/orders",class="4xx"} 1`,
		`tollgate_request_seconds_count{route="/orders"} 2`, "tollgate_keys 1", "tollgate_revocations_stale 0", "tollgate_breaker_open 0",
	} {
		if !strings.Contains(res.body, line+"\n") {
			t.Errorf("no %s in /metrics", line)
		}
	}
}

// The age of the keys is that of the last good reading.
func TestKeyAge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jwks.json")
	w := newWorld(t, ModeJWT, func(c *Config) {
		_, set := signer(t, "k")
		if err := os.WriteFile(file, set, 0o600); err != nil {
			t.Fatal(err)
		}
		c.Keys.File = file
	})
	idle, err := New(w.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer idle.shut()
	if r := idle.Readiness(); r.Ready || r.KeyAge != -1 || r.Keys != 0 {
		t.Errorf("without keys: %+v", r)
	}
	if r := w.g.Readiness(); r.KeyAge < 0 || r.Keys != 1 {
		t.Errorf("with keys: %+v", r)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.eventually("older than any reading leaves it", func() bool { return w.g.Readiness().KeyAge > 1.5 })
	if r := w.g.Readiness(); !r.Ready || r.Keys != 1 { // the keys that were good stay
		t.Errorf("with a bad file: %+v", r)
	}
	if res := w.adminGet("/metrics"); !strings.Contains(res.body, "tollgate_key_age_seconds ") {
		t.Error("no key age in /metrics")
	}
	if res := w.adminGet("/readyz"); res.StatusCode != 200 || !strings.Contains(res.body, `"key_age_seconds":`) {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
}

// Keys that were read too long ago: no longer ready, and nothing else. A reload
// moves the bound.
func TestKeysStale(t *testing.T) {
	file := filepath.Join(t.TempDir(), "jwks.json")
	w := newUnreadyWorld(t, ModeJWT, backend(), slog.New(slog.DiscardHandler), func(c *Config) { c.Keys.File, c.Keys.MaxAge = file, 4*time.Second })
	set := w.service.keys
	auth := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	put := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says := func(status int, text string) bool {
		res := w.adminGet("/readyz")
		return res.StatusCode == status && strings.Contains(res.body, text)
	}
	put(set)
	w.eventually("ready", func() bool { return says(200, `"keys_stale":false`) })
	put([]byte("{"))
	w.eventually("stale", func() bool { return says(503, `"keys_stale":true`) })
	if res := w.do("GET", "/orders/file", "Authorization", auth); res.StatusCode != 200 {
		t.Errorf("with stale keys: %d", res.StatusCode)
	}
	put(set)
	w.eventually("ready again", func() bool { return says(200, `"keys_stale":false`) })
	cfg := w.cfg
	cfg.Keys.MaxAge = time.Nanosecond
	if err := w.g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	w.eventually("stale by another bound", func() bool { return says(503, `"keys_stale":true`) })
	cfg.Keys.MaxAge = 0
	if err := w.g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if !says(200, `"keys_stale":false`) {
		t.Error("stale without a bound")
	}
}

// A feed that is lost for too long: refused, and readiness says why.
func TestFeedLost(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) { c.Revocations.MaxSilence = 500 * time.Millisecond })
	w.service.down.Store(true)
	w.service.CloseClientConnections()
	w.eventually("stale", func() bool { return w.do("GET", "/orders/file", "Authorization", auth).StatusCode == 503 })
	if res := w.adminGet("/readyz"); res.StatusCode != 503 || !strings.Contains(res.body, `"feed_stale":true`) {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
	w.service.down.Store(false)
	w.eventually("well again", func() bool { return w.do("GET", "/orders/file", "Authorization", auth).StatusCode == 200 })
}

// No credential is ever in the log, nor a query.
func TestAccessLog(t *testing.T) {
	var out lockedBuilder
	w := newWorldLogging(t, ModeJWT, backend(), slog.New(slog.NewTextHandler(&out, nil)), func(c *Config) { c.AccessLog.Sample = 1 })
	auth := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	w.do("GET", "/orders/file?secret=1", "Authorization", auth)
	w.do("GET", "/orders/file", "X-API-Key", "tgs_x.secret")
	w.send("POST", "/login", strings.NewReader("id=a&password=secret"), "Content-Type", "application/x-www-form-urlencoded")
	w.eventually("logged", func() bool { return strings.Count(out.String(), "\n") == 3 })
	log := out.String()
	if !strings.Contains(log, "path=/orders/file route=/orders outcome=forwarded status=200 address=127.0.0.1") {
		t.Errorf("log:\n%s", log)
	}
	if strings.Contains(log, "secret") || strings.Contains(log, auth[10:40]) {
		t.Errorf("the log tells:\n%s", log)
	}
}

type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestForwardedFor(t *testing.T) {
	claim := []string{"X-Forwarded-For", "198.51.100.7", "Forwarded", "for=198.51.100.7", "X-Forwarded-Proto", "https", "X-Request-Id", strings.Repeat("ab", 16)}
	f := func(trusted []string, want ...string) {
		t.Helper()
		w, auth := newTraffic(t, func(c *Config) { c.TrustedProxies = trusted })
		res := w.do("GET", "/orders/echo", append(claim, "Authorization", auth)...)
		for _, line := range want {
			if !strings.Contains(res.body, line+"\r\n") {
				t.Errorf("trusting %v: no %q in\n%s", trusted, line, res.body)
			}
		}
		if trusted == nil && strings.Contains(res.body, "198.51.100.7") {
			t.Errorf("a stranger was believed:\n%s", res.body)
		}
	}
	f(nil, "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http")
	f([]string{"127.0.0.0/8"}, "X-Forwarded-For: 198.51.100.7, 127.0.0.1", "X-Forwarded-Proto: https", "X-Request-Id: "+strings.Repeat("ab", 16))
}

func TestRateLimits(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) { c.Limits.RatePerClient = 5 })
	other := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-2", "customer"))
	count := map[int]int{}
	for range 20 {
		res := w.do("GET", "/orders/file", "Authorization", auth)
		if count[res.StatusCode]++; res.StatusCode == 429 && res.Header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
	}
	if count[200] < 5 || count[429] < 5 {
		t.Errorf("%v", count)
	}
	if res := w.do("GET", "/orders/file", "Authorization", other); res.StatusCode != 200 {
		t.Errorf("another client: %d", res.StatusCode)
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter[string](2, nil)
	f := func(key string, after time.Duration, want bool) {
		t.Helper()
		if now = now.Add(after); l.allow(key, now) != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
	f("a", 0, true)
	f("a", 0, true)
	f("a", 0, false)
	f("b", 0, true)
	f("a", 499*time.Millisecond, false)
	f("a", time.Millisecond, true)
	f("a", 0, false)
	for i := range 16 * maxLimited * 2 {
		l.allow(fmt.Sprint(i), now)
	}
	for i := range l.shards {
		if n := len(l.shards[i].empty); n > maxLimited {
			t.Errorf("%d keys in a shard", n)
		}
	}
}

// Connections that are slow in every way are closed, and hold up nobody.
func TestSlowConnections(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) {
		c.Timeouts.Head, c.Timeouts.Body, c.Timeouts.Write, c.Timeouts.Idle = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond, 400*time.Millisecond
	})
	var wg sync.WaitGroup
	slow := func(say, drip string, status string) {
		for range 50 {
			wg.Go(func() {
				c, err := net.Dial("tcp", w.public)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				c.SetDeadline(time.Now().Add(10 * time.Second))
				io.WriteString(c, say)
				go func() {
					for range 100 {
						if _, err := io.WriteString(c, drip); err != nil || drip == "" {
							return
						}
						time.Sleep(50 * time.Millisecond)
					}
				}()
				line, err := bufio.NewReader(c).ReadString('\n')
				if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() || !strings.HasPrefix(line, status) {
					t.Errorf("%.20q: %q, %v; want %q", say, line, err, status)
				}
			})
		}
	}
	slow("", "", "")                                                                                                                // says nothing
	slow("GET /orders HTTP/1.1\r\n", "X", "HTTP/1.1 408")                                                                           // a head without end
	slow("POST /orders/echo HTTP/1.1\r\nHost: h\r\nAuthorization: "+auth+"\r\nContent-Length: 100000\r\n\r\n", "x", "HTTP/1.1 408") // a body
	for range 20 {
		if res := w.do("GET", "/orders/file", "Authorization", auth); res.StatusCode != 200 {
			t.Errorf("meanwhile: %d", res.StatusCode)
		}
	}
	wg.Wait()
	// a client that does not read
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /orders/zeros?n=100000000 HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n\r\n", auth)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	w.eventually("rid of it", func() bool { return w.g.open.Load() == 0 })
}

func TestConnectionLimits(t *testing.T) {
	w, _ := newTraffic(t, func(c *Config) { c.Limits.ConnectionsPerAddress = 3 })
	var open []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", w.public)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
	}
	w.eventually("counted", func() bool { return w.g.open.Load() == 3 })
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a fourth connection: %v", err)
	}
	open[0].Close()
	w.eventually("let in again", func() bool {
		c, err := net.Dial("tcp", w.public)
		if err != nil {
			return false
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Second))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		line, _ := bufio.NewReader(c).ReadString('\n')
		return strings.HasPrefix(line, "HTTP/1.1 401")
	})
}

// pair writes a self-signed certificate for 127.0.0.1.
func pair(t *testing.T, dir string, serial int64) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "tollgate test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}

// TLS, with a certificate that is replaced while the gateway runs, and clients
// that have to show one.
func TestTLS(t *testing.T) {
	dir, clientDir := t.TempDir(), t.TempDir()
	cert, key, pool := pair(t, dir, 1)
	clientCert, clientKey, _ := pair(t, clientDir, 7)
	w, auth := newTraffic(t, func(c *Config) { c.TLS = ServerTLS{CertFile: cert, KeyFile: key, ClientCAFile: clientCert} })
	own, err := tls.LoadX509KeyPair(clientCert, clientKey)
	if err != nil {
		t.Fatal(err)
	}
	get := func(pool *x509.CertPool, certs ...tls.Certificate) (int64, string, error) {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certs}}
		defer tr.CloseIdleConnections()
		req, _ := http.NewRequestWithContext(t.Context(), "POST", "https://"+w.public+"/orders/echo", io.MultiReader(strings.NewReader("a"), strings.NewReader("b")))
		req.Header.Set("Authorization", auth)
		res, err := tr.RoundTrip(req)
		if err != nil {
			return 0, "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return res.TLS.PeerCertificates[0].SerialNumber.Int64(), string(b), err
	}
	serial, body, err := get(pool, own)
	if err != nil || serial != 1 || !strings.HasSuffix(body, "\nab") || !strings.Contains(body, "X-Forwarded-Proto: https") {
		t.Fatalf("%d %q %v", serial, body, err)
	}
	if _, _, err := get(pool); err == nil {
		t.Error("a client without a certificate was served")
	}
	time.Sleep(1100 * time.Millisecond) // files are looked at once a second
	_, _, pool = pair(t, dir, 2)
	if serial, _, err := get(pool, own); err != nil || serial != 2 {
		t.Errorf("after the change: %d, %v", serial, err)
	}
}
