package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/ecdsa"
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
	if res := w.adminGet("/debug/pprof/"); res.StatusCode != 200 {
		t.Errorf("pprof: %d", res.StatusCode)
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
		`tollgate_signature_backend{algorithm="ES256",backend="` + ecdsa.Backend() + `"} 1`, "tollgate_keys 1", "tollgate_revocations_stale 0", "tollgate_breaker_open 0",
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
