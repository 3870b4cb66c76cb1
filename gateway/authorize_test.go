package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// A proxy is how one kind of proxy asks for a decision: with the client's own
// fields, and what it adds to say which request is meant.
type proxy struct {
	name string
	ask  func(w *world, method, target string, client ...string) got
}

var proxies = []proxy{
	{"nginx", func(w *world, method, target string, client ...string) got {
		return w.ask("GET", "/authorize", append(client, "X-Original-Method", method, "X-Original-URI", target, "X-Forwarded-Host", "orders.example")...)
	}},
	{"ingress-nginx", func(w *world, method, target string, client ...string) got {
		return w.ask("GET", "/authorize", append(client, "X-Original-Method", method, "X-Original-URL", "https://orders.example"+target,
			"X-Sent-From", "nginx-ingress-controller", "X-Real-IP", "198.51.100.7")...)
	}},
	{"Traefik", func(w *world, method, target string, client ...string) got {
		return w.ask("GET", "/authorize", append(client, "X-Forwarded-Method", method, "X-Forwarded-Uri", target,
			"X-Forwarded-Proto", "https", "X-Forwarded-Host", "orders.example", "X-Forwarded-For", "198.51.100.7", "X-Forwarded-Port", "443")...)
	}},
	{"Envoy", func(w *world, method, target string, client ...string) got {
		return w.ask(method, "/authorize"+target, append(client, "Host", "orders.example", "Content-Length", "0",
			"X-Envoy-Internal", "true", "X-Forwarded-For", "198.51.100.7")...)
	}},
}

// ask sends a request to the admin listener, byte for byte.
func (w *world) ask(method, target string, fields ...string) got {
	w.t.Helper()
	var b strings.Builder
	b.WriteString(method + " " + target + " HTTP/1.1\r\nConnection: close\r\n")
	host := false
	for i := 0; i < len(fields); i += 2 {
		host = host || fields[i] == "Host"
		b.WriteString(fields[i] + ": " + fields[i+1] + "\r\n")
	}
	if !host {
		b.WriteString("Host: " + w.admin + "\r\n")
	}
	return w.rawTo(w.admin, b.String()+"\r\n")
}

// checked is an answer that has the status, and every identity header once.
func checked(t *testing.T, what string, res got, status int) got {
	t.Helper()
	if res.StatusCode != status {
		t.Errorf("%s: %d, want %d", what, res.StatusCode, status)
	}
	for _, name := range []string{"Authorization", "X-Auth-Subject", "X-Auth-Client", "X-Auth-Roles", "X-Auth-Scopes", "X-Auth-Token-Id"} {
		if n := len(res.Header[http.CanonicalHeaderKey(name)]); n != 1 {
			t.Errorf("%s: %d times %s in the answer", what, n, name)
		}
	}
	return res
}

// Every proxy gets every decision, whatever the client tells it besides.
func TestAuthorize(t *testing.T) {
	w, auth := newTraffic(t, nil)
	bearer := []string{"Authorization", auth, "Accept", "*/*", "User-Agent", "curl/8.5.0", "X-Auth-Subject", "evil", "X-Auth-Roles", "admin"}
	for _, p := range proxies {
		f := func(status int, method, target string, client ...string) got {
			t.Helper()
			return checked(t, p.name+" "+method+" "+target, p.ask(w, method, target, append([]string{}, client...)...), status)
		}
		who := func(res got, subject, roles, authorization string) {
			t.Helper()
			h := res.Header
			if h.Get("X-Auth-Subject") != subject || h.Get("X-Auth-Roles") != roles || h.Get("Authorization") != authorization {
				t.Errorf("%s: %v", p.name, h)
			}
		}
		who(f(200, "GET", "/orders/1?a=b&c=%2F", bearer...), "customer-1", "customer", auth)
		who(f(200, "HEAD", "/orders/1", bearer...), "customer-1", "customer", auth)
		who(f(200, "POST", "/orders", bearer...), "customer-1", "customer", auth)
		// public: nobody
		who(f(200, "GET", "/healthz", bearer...), "", "", "")
		who(f(200, "GET", "/healthz"), "", "", "")
		// refused, and to whom it may concern
		if res := f(401, "GET", "/orders"); res.Header.Get("WWW-Authenticate") != challengeBare {
			t.Errorf("%v", res.Header)
		}
		who(f(401, "GET", "/orders", "Authorization", "Bearer x"), "", "", "")
		who(f(403, "GET", "/admin", bearer...), "", "", "")
		if res := f(405, "DELETE", "/orders", bearer...); res.Header.Get("Allow") != "GET, HEAD, POST, PUT" {
			t.Errorf("%s: Allow %q", p.name, res.Header.Get("Allow"))
		}
		f(401, "DELETE", "/orders")
		f(403, "GET", "/ordersx", bearer...)
		if res := f(403, "GET", "/scoped", bearer...); !strings.Contains(res.Header.Get("WWW-Authenticate"), `scope="orders.read orders.burn"`) {
			t.Errorf("%v", res.Header)
		}
		// what is ambiguous is refused
		f(400, "GET", "/orders/../admin", bearer...)
		f(400, "GET", "/orders%2f..%2fadmin", bearer...)
		f(400, "GET", "/orders//1", bearer...)
		f(400, "GET", "/orders", "Authorization", auth, "Authorization", auth)
		// and what would be a page of the admin listener's own
		for _, page := range []string{"/../healthz", "/../metrics", "/../readyz", "/orders/../../debug/pprof/", "/%2e%2e/healthz", "/./../healthz"} {
			f(400, "GET", page, bearer...)
		}
		// the client speaks as another proxy would, to have another request decided on
		for _, lie := range [][]string{
			{"X-Original-Method", "GET", "X-Original-URI", "/healthz"},
			{"X-Forwarded-Method", "GET", "X-Forwarded-Uri", "/healthz"},
			{"X-Original-URI", "/healthz"},
			{"X-Original-URL", "https://orders.example/healthz"},
			{"X-Original-Method", "GET", "X-Original-URL", "https://orders.example/healthz"},
			{"X-Forwarded-Uri", "/healthz"},
			{"x-original-method", "GET", "x-original-uri", "/healthz"},
			{"X-Original-Method", "", "X-Original-URI", ""},
			{"X-Forwarded-Method", "", "X-Forwarded-Uri", ""},
		} {
			res := p.ask(w, "GET", "/admin", append(append([]string{}, bearer...), lie...)...)
			if res.StatusCode != 400 && res.StatusCode != 403 || res.Header.Get("X-Auth-Subject") != "" {
				t.Errorf("%s: a client that says %v: %d", p.name, lie, res.StatusCode)
			}
		}
		// two ways that agree are one
		if !strings.HasSuffix(p.name, "nginx") {
			f(200, "GET", "/orders", append([]string{"X-Original-Method", "GET", "X-Original-URI", "/orders"}, bearer...)...)
		}
	}
	// no request is named
	f := func(fields ...string) {
		t.Helper()
		checked(t, strings.Join(fields, " "), w.ask("GET", "/authorize", append(fields, "Authorization", auth)...), 400)
	}
	f()
	f("X-Original-URI", "/orders")
	f("X-Original-Method", "GET")
	f("X-Forwarded-Uri", "/orders")
	f("X-Original-Method", "", "X-Original-URI", "/orders")
	if res := w.ask("GET", "/authorizex", "Authorization", auth); res.StatusCode != 404 {
		t.Errorf("/authorizex: %d", res.StatusCode)
	}
}

// A client's own credentials are asked about like a token.
func TestAuthorizeAPIUser(t *testing.T) {
	w := newWorld(t, ModeJWT, nil)
	for _, p := range proxies {
		res := checked(t, p.name, p.ask(w, "GET", "/reports", "X-API-Key", "tgs_jwt-reporting.good"), 200)
		if res.Header.Get("X-Auth-Client") != "jwt-reporting" || !strings.HasPrefix(res.Header.Get("Authorization"), "Bearer ey") {
			t.Errorf("%s: %v", p.name, res.Header)
		}
		checked(t, p.name, p.ask(w, "GET", "/reports", "X-API-Key", "tgs_jwt-reporting.bad"), 401)
	}
}

// Routes of a host are asked about by every proxy in its way, and a proxy that
// does not say the host is refused.
func TestAuthorizeHost(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) {
		c.Routes = append(c.Routes, Route{Host: "orders.example", Prefix: "/orders", Upstream: c.Routes[0].Upstream, Roles: []string{"admin"}})
	})
	f := func(want int, method, target string, fields ...string) {
		t.Helper()
		checked(t, strings.Join(fields, " "), w.ask(method, target, append(fields, "Authorization", auth)...), want)
	}
	nginx := []string{"X-Original-Method", "GET", "X-Original-URI", "/orders"}
	f(400, "GET", "/authorize", nginx...)
	f(200, "GET", "/authorize", append(nginx, "X-Forwarded-Host", "other.example")...)
	f(403, "GET", "/authorize", append(nginx, "X-Forwarded-Host", "orders.example:8443")...)
	f(400, "GET", "/authorize", append(nginx, "X-Forwarded-Host", "other.example", "X-Forwarded-Host", "orders.example")...)
	ingress := []string{"X-Original-Method", "GET", "X-Original-URL", "http://orders.example/orders"}
	f(403, "GET", "/authorize", ingress...)
	f(403, "GET", "/authorize", append(ingress, "X-Forwarded-Host", "ORDERS.example")...)
	f(400, "GET", "/authorize", append(ingress, "X-Forwarded-Host", "other.example")...)
	f(400, "GET", "/authorize", "X-Original-Method", "GET", "X-Original-URL", "/orders")
	f(400, "GET", "/authorize", "X-Original-Method", "GET", "X-Original-URL", "http:///orders")
	f(403, "GET", "/authorize", "X-Forwarded-Method", "GET", "X-Forwarded-Uri", "/orders", "X-Forwarded-Host", "orders.example")
	f(403, "GET", "/authorize/orders", "Host", "orders.example", "X-Forwarded-Host", "other.example")
	f(200, "GET", "/authorize/orders", "Host", "other.example")
}

// nginx gets the two statuses that it knows, and the client's in a field.
func TestAuthorizeStatuses(t *testing.T) {
	w, auth := newTraffic(t, nil)
	f := func(path string, status int, said, method, target string, fields ...string) got {
		t.Helper()
		res := checked(t, method+" "+target, w.ask("GET", path, append(fields, "X-Original-Method", method, "X-Original-URI", target)...), status)
		if got := res.Header.Get("X-Auth-Status"); got != said {
			t.Errorf("%s %s: X-Auth-Status %q, want %q", method, target, got, said)
		}
		return res
	}
	const ask = "/authorize?statuses=nginx"
	f(ask, 200, "", "GET", "/orders", "Authorization", auth)
	f(ask, 401, "401", "GET", "/orders")
	f(ask, 403, "403", "GET", "/admin", "Authorization", auth)
	f(ask, 403, "400", "GET", "/orders%2f", "Authorization", auth)
	if res := f(ask, 403, "405", "DELETE", "/orders", "Authorization", auth); res.Header.Get("Allow") != "GET, HEAD, POST, PUT" {
		t.Errorf("%v", res.Header)
	}
	w.service.down.Store(true)
	if res := f(ask, 403, "503", "GET", "/orders", "X-API-Key", "tgs_jwt-reporting.good"); res.Header.Get("Retry-After") == "" {
		t.Errorf("%v", res.Header)
	}
	f("/authorize", 400, "", "GET", "/orders%2f", "Authorization", auth)
	f("/authorize?statuses=envoy", 400, "", "GET", "/orders%2f", "Authorization", auth)
	// the query of a request is no word of the proxy's
	res := checked(t, "in place", w.ask("DELETE", "/authorize/orders?statuses=nginx", "Authorization", auth), 405)
	if res.Header.Get("X-Auth-Status") != "" {
		t.Errorf("%v", res.Header)
	}
}
