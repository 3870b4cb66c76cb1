package gateway

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
)

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
