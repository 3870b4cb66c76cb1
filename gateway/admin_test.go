package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/ecdsa"
	"github.com/tollgate/tollgate/engine/rsa"
)

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
	for _, path := range []string{"/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
		if res := w.adminGet(path); res.StatusCode != 404 {
			t.Errorf("%s, not asked for: %d", path, res.StatusCode)
		}
	}
	if res := w.adminGet("/elsewhere"); res.StatusCode != 404 {
		t.Errorf("elsewhere: %d", res.StatusCode)
	}
	// A request is counted once its answer is written, which a client may read before.
	var metrics string
	w.eventually("all counted", func() bool {
		metrics = w.adminGet("/metrics").body
		return strings.Contains(metrics, "tollgate_request_seconds_count{route=\"/orders\"} 2\n")
	})
	for _, line := range []string{
		`tollgate_requests_total{route="/orders",outcome="forwarded"} 1`, `tollgate_requests_total{route="/orders",outcome="anonymous"} 1`,
		`tollgate_requests_total{route="malformed",outcome="bad_request"} 1`, `tollgate_responses_total{route="/orders",class="4xx"} 1`,
		`tollgate_signature_backend{algorithm="ES256",backend="` + ecdsa.Backend() + `"} 1`,
		`tollgate_signature_backend{algorithm="RS256",backend="` + rsa.Backend() + `"} 1`, "tollgate_keys 1", "tollgate_revocations_stale 0", "tollgate_breaker_open 0",
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no %s in /metrics", line)
		}
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

// The admin listener answers to loopback names, its own address and the configured
// ones: a page whose name leads here reads nothing.
func TestAdminHosts(t *testing.T) {
	w := newWorld(t, ModeJWT, func(c *Config) { c.AdminHosts, c.Pprof = []string{"metrics.internal"}, true })
	f := func(host, path string, want int) {
		t.Helper()
		res := w.rawTo(w.admin, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		if res.StatusCode != want {
			t.Errorf("Host %q, %s: %d %s, not %d", host, path, res.StatusCode, res.body, want)
		}
		if want == 421 && strings.Contains(res.body, "tollgate_") {
			t.Errorf("Host %q: %s was read", host, path)
		}
	}
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/debug/pprof/", "/debug/pprof/cmdline"} {
		f("localhost", path, 200)
		f("127.0.0.1:8081", path, 200)
		f("[::1]:8081", path, 200)
		f("metrics.internal:9000", path, 200)
		f("attacker.example", path, 421)
		f("localhost.attacker.example:8081", path, 421)
		f("127.0.0.1.nip.io:8081", path, 421)
		f("192.0.2.1:8081", path, 421)
	}
	f("attacker.example", "/authorize", 400) // not 421: it decides for proxies, of which some pass Host on
	w.reload(func(c *Config) { c.AdminHosts, c.Pprof = nil, false })
	f("metrics.internal", "/metrics", 421)
	f("localhost", "/debug/pprof/", 404)
}
