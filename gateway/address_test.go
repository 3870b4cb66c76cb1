package gateway

import (
	"strings"
	"testing"
)

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
