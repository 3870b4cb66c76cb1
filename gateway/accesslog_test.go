package gateway

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tollgate/tollgate/internal/exposition/promtool"
)

// No credential is ever in the log, nor a query.
// A line says who, where and how long, in numbers that can be added up.
func TestAccessLogFields(t *testing.T) {
	var out lockedBuilder
	w := newWorldLogging(t, ModeJWT, backend(), slog.New(slog.NewJSONHandler(&out, nil)), func(c *Config) { c.AccessLog.Sample = 1 })
	w.do("GET", "/orders/file", "Authorization", "Bearer "+w.service.token(ModeJWT, w.service.claims("customer-1", "customer")))
	var line struct {
		ID, Subject, Upstream, Outcome string
		Bytes                          int64
		MS                             float64
	}
	w.eventually("logged", func() bool {
		for text := range strings.Lines(out.String()) {
			if json.Unmarshal([]byte(text), &line) == nil && line.Outcome == "forwarded" {
				return true
			}
		}
		return false
	})
	if len(line.ID) != 32 || line.Subject != "customer-1" || !strings.HasPrefix(line.Upstream, "127.0.0.1:") || line.Bytes < 50 || line.MS <= 0 || line.MS > 10_000 {
		t.Errorf("the line says %+v:\n%s", line, out.String())
	}
}

// Whatever is sampled, the log says why a token was refused at debug, and always
// what could not be read and which client's secret was wrong, by the id that the
// client was answered with.
func TestRefusalsAreLogged(t *testing.T) {
	var out lockedBuilder
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w := newWorldLogging(t, ModeJWT, backend(), log, nil)
	says := func(parts ...string) {
		t.Helper()
		w.eventually("a line with "+strings.Join(parts, ", "), func() bool {
			for line := range strings.Lines(out.String()) {
				if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) }) {
					return true
				}
			}
			return false
		})
	}
	claims := w.service.claims("customer-1", "customer")
	claims["iss"] = "https://other.example"
	res := w.do("GET", "/orders/1", "Authorization", "Bearer "+w.service.token(ModeJWT, claims))
	says("level=DEBUG", "id="+res.Header.Get("X-Request-Id"), "outcome=invalid_token", "reason=issuer", "https://other.example")
	res = w.do("GET", "/orders/1", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("reporting:wrong")))
	says("level=INFO", "id="+res.Header.Get("X-Request-Id"), "outcome=invalid_client", "status=401")
	res = w.raw("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")
	says("level=INFO", "id="+res.Header.Get("X-Request-Id"), "outcome=bad_request", "status=400", "address=127.0.0.1")
	want := `tollgate_tokens_refused_total{issuer="",code="issuer"} 1` + "\n"
	if page := w.adminGet("/metrics").body; !strings.Contains(page, want) {
		t.Errorf("the metrics have no %s", want)
	}
}

func TestGatewayMetricsPassPromtool(t *testing.T) {
	w := newWorld(t, ModeJWT, nil)
	w.do("GET", "/orders/1")
	promtool.Check(t, w.adminGet("/metrics").body)
}

func TestAccessLog(t *testing.T) {
	var out lockedBuilder
	w := newWorldLogging(t, ModeJWT, backend(), slog.New(slog.NewTextHandler(&out, nil)), func(c *Config) { c.AccessLog.Sample = 1 })
	auth := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	w.do("GET", "/orders/file?secret=1", "Authorization", auth)
	w.do("GET", "/orders/file", "X-API-Key", "tgs_x.secret")
	w.send("POST", "/login", strings.NewReader("id=a&password=secret"), "Content-Type", "application/x-www-form-urlencoded")
	w.eventually("logged", func() bool { return strings.Count(out.String(), "msg=request") == 3 })
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
