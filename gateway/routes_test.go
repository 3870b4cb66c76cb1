package gateway

import (
	"strings"
	"testing"
)

// get sends a request for a target to a host, byte for byte.
func (w *world) get(host, target string, fields ...string) got {
	w.t.Helper()
	var b strings.Builder
	b.WriteString("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n")
	for i := 0; i < len(fields); i += 2 {
		b.WriteString(fields[i] + ": " + fields[i+1] + "\r\n")
	}
	return w.raw(b.String() + "\r\n")
}

// Hosts, exact paths and regexes through a running gateway; what passes, passes
// byte for byte.
func TestRoutes(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) {
		up := c.Routes[0].Upstream
		c.Routes = append(c.Routes,
			Route{Host: "admin.example", Prefix: "/", Upstream: up, Roles: []string{"admin"}},
			Route{Host: "*.example", Path: "/only/echo", Upstream: up},
			Route{Regex: "/projects/[^/]+/echo", Upstream: up, EncodedSlashes: true, PathAllows: []string{"brackets", "semicolons", "latin1"}},
			Route{Prefix: "/files", Upstream: up, Public: true, EncodedSlashes: true},
			Route{Prefix: "/files/x/admin", Upstream: up, Roles: []string{"admin"}},
		)
	})
	f := func(status int, host, target string) {
		t.Helper()
		w.upstream.forget()
		res := w.get(host, target, "Authorization", auth)
		if res.StatusCode != status {
			t.Errorf("%s%s: %d, want %d", host, target, res.StatusCode, status)
		}
		sent := strings.HasPrefix(w.upstream.sent(), "GET "+target+" HTTP/1.1\r\n")
		if refused := status == 400 || status == 403; sent == refused {
			t.Errorf("%s%s: status %d, and the upstream was sent %q", host, target, status, w.upstream.sent())
		}
	}
	// the upstream knows /orders/echo; 404 is its answer to what else passes
	f(200, "h", "/orders/echo")
	f(403, "admin.example", "/orders/echo")
	f(403, "ADMIN.example:80", "/orders/echo")
	f(404, "a.b.example", "/only/echo")
	f(200, "a.example", "/orders/echo")
	f(403, "h", "/only/echo")
	f(404, "h", "/projects/p/echo")
	f(404, "h", "/projects/g%2Fp/echo")
	f(404, "h", "/projects/g%2fp[1];v=1%e9/echo?a=%2f")
	f(403, "h", "/projects/g/p/echo")
	f(400, "h", "/orders/g%2fp/echo")
	f(400, "h", "/projects/g%2f..%2fp/echo")
	f(400, "h", "/projects/g%252fp/echo")
	f(400, "h", "/projects/g%25%32%66p/echo")
	f(400, "h", "/projects/g%3fp/echo")
	f(400, "h", "/orders//echo")
	f(404, "h", "/files/a%2fb")
	f(403, "h", "/files/x%2fadmin")
	// the same through /authorize
	for _, p := range proxies {
		if p.name == "Envoy" {
			continue // its client normalises paths
		}
		for target, want := range map[string]int{
			"/projects/g%2Fp/echo": 200, "/orders/g%2Fp": 400, "/projects/g%25%32%66p/echo": 400, "/files/a%2fb": 200, "/files/x%2Fadmin": 403,
		} {
			checked(t, p.name+" "+target, p.ask(w, "GET", target, "Authorization", auth), want)
		}
	}
}
