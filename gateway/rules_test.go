package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/gateway/policy"
)

// newRules is a world whose upstream says what it was sent, with routes of its own.
func newRules(t *testing.T, routes ...Route) (w *world, auth string) {
	t.Helper()
	w = newWorld(t, ModeJWT, func(c *Config) {
		for _, r := range routes {
			if r.Upstream == "" {
				r.Upstream = c.Routes[0].Upstream
			} else {
				r.Upstream = c.Routes[0].Upstream + r.Upstream // a base path
			}
			c.Routes = append(c.Routes, r)
		}
	})
	return w, "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
}

// says fails the test unless the answer has the status, every line of yes and
// none of no.
func (w *world) says(res got, status int, yes, no []string) {
	w.t.Helper()
	if res.StatusCode != status {
		w.t.Errorf("%d, want %d: %s", res.StatusCode, status, res.body)
	}
	for _, line := range yes {
		if !strings.Contains(res.body, line+"\r\n") && !strings.Contains(res.body, line+"\n") {
			w.t.Errorf("no %q in\n%s", line, res.body)
		}
	}
	for _, line := range no {
		if strings.Contains(strings.ToLower(res.body), strings.ToLower(line)) {
			w.t.Errorf("%q in\n%s", line, res.body)
		}
	}
}

func TestRewriting(t *testing.T) {
	w, auth := newRules(t,
		Route{Prefix: "/api", StripPrefix: true},
		Route{Prefix: "/api/v1", Rewrite: "/v2", Upstream: "/base/"},
		Route{Path: "/exact", Rewrite: "/other/one"},
		Route{Regex: "/users/([^/]+)/orders", Rewrite: "/orders/of/$1"},
		Route{Prefix: "/based", Upstream: "/svc"},
		Route{Regex: "/odd/a(.*)", Rewrite: "/$1"},
	)
	f := func(target, want string) {
		t.Helper()
		w.says(w.get("h", target, "Authorization", auth), 200, []string{"GET " + want + " h"}, nil)
	}
	f("/api/orders/%C3%A9?x=%2f", "/orders/%C3%A9?x=%2f")
	f("/api", "/")
	f("/%61pi/x", "/x")
	f("/api/v1/orders?x", "/base/v2/orders?x")
	f("/exact?x", "/other/one?x")
	f("/users/m%C3%BCller/orders", "/orders/of/m%C3%BCller")
	f("/based/x", "/svc/based/x")
	if res := w.get("h", "/odd/a../x", "Authorization", auth); res.StatusCode != 400 {
		t.Errorf("a dot segment made by rewriting: %d", res.StatusCode)
	}
}

func TestConditions(t *testing.T) {
	w, _ := newRules(t,
		Route{Prefix: "/tenant", When: `claims.tenant == request.host.split(".")[0]`},
		Route{Prefix: "/header", When: `request.headers["x-tenant"] == claims.tenant && !("x-auth-subject" in request.headers) && !("authorization" in request.headers)`},
		Route{Prefix: "/net", When: `cidr("127.0.0.0/8").containsIP(source.ip) && request.query == "a=b"`, Public: true},
	)
	claims := w.service.claims("customer-1", "customer")
	claims["tenant"] = "shop"
	auth := "Bearer " + w.service.token(ModeJWT, claims)
	f := func(status int, host, target string, fields ...string) {
		t.Helper()
		if res := w.get(host, target, fields...); res.StatusCode != status {
			t.Errorf("%s%s: %d, want %d", host, target, res.StatusCode, status)
		}
	}
	f(200, "shop.example", "/tenant", "Authorization", auth)
	f(403, "other.example", "/tenant", "Authorization", auth)
	f(401, "shop.example", "/tenant")
	f(403, "shop.example", "/tenant", "Authorization", "Bearer "+w.service.token(ModeJWT, w.service.claims("customer-2", "customer")))
	f(200, "h", "/header", "Authorization", auth, "X-Tenant", "shop", "X-Auth-Subject", "evil")
	f(403, "h", "/header", "Authorization", auth, "X-Tenant", "other")
	f(403, "h", "/header", "Authorization", auth)
	f(200, "h", "/net?a=b")
	f(403, "h", "/net?a=c")
}

func TestOptionalRoutes(t *testing.T) {
	w, auth := newRules(t, Route{Prefix: "/maybe", Optional: true, ClaimHeaders: map[string]string{"X-Who": "sub"}})
	w.says(w.get("h", "/maybe"), 200, nil, []string{"X-Auth-Subject", "Authorization", "X-Who"})
	w.says(w.get("h", "/maybe", "X-Auth-Subject", "evil", "X-Who", "evil", "x_who", "evil"), 200, nil, []string{"X-Auth-Subject", "evil"})
	w.says(w.get("h", "/maybe", "Authorization", auth), 200, []string{"X-Auth-Subject: customer-1", "X-Who: customer-1", "Authorization: " + auth}, nil)
	w.says(w.get("h", "/maybe", "Authorization", "Bearer nonsense"), 401, nil, nil)
	w.says(w.get("h", "/maybe", "X-API-Key", "tgs_jwt-reporting.good"), 200, []string{"X-Auth-Client: jwt-reporting"}, []string{"tgs_"})
}

// Who gets to see which credentials.
func TestAuthorizationOfRoutes(t *testing.T) {
	w, auth := newRules(t,
		Route{Prefix: "/keep", Authorization: policy.AuthorizationKeep},
		Route{Prefix: "/drop", Authorization: policy.AuthorizationDrop},
		Route{Prefix: "/own", Authorization: policy.AuthorizationKeep, Public: true},
		Route{Prefix: "/open", Public: true},
	)
	basic := "Basic and3LXJlcG9ydGluZzp0Z3Nfand0LXJlcG9ydGluZy5nb29k"
	w.says(w.get("h", "/keep", "Authorization", "bearer  "+auth[len("Bearer "):]), 200, []string{"Authorization: bearer  " + auth[len("Bearer "):], "X-Auth-Subject: customer-1"}, nil)
	w.says(w.get("h", "/keep", "X-API-Key", "tgs_jwt-reporting.good"), 200, []string{"X-Auth-Client: jwt-reporting"}, []string{"tgs_", "basic"})
	w.says(w.get("h", "/drop", "Authorization", auth), 200, []string{"X-Auth-Subject: customer-1"}, []string{"Authorization"})
	w.says(w.get("h", "/own", "Authorization", basic), 200, []string{"Authorization: " + basic}, []string{"X-Auth-Subject"})
	w.says(w.get("h", "/own"), 200, nil, []string{"Authorization"})
	w.says(w.get("h", "/open", "Authorization", basic), 200, nil, []string{"Authorization"})
}

func TestHeadersOfRoutes(t *testing.T) {
	up := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "secret/1.0")
		w.Header().Add("X-Keep", "1")
		w.Header().Add("X-Keep", "2")
		w.Header().Set("Cache-Control", "public")
		echo(w, r)
	})
	w := newWorldWith(t, ModeJWT, up, func(c *Config) {
		c.Routes = append(c.Routes, Route{
			Prefix: "/h", Upstream: c.Routes[0].Upstream, ClaimHeaders: map[string]string{"X-User-Email": "email", "X-Groups": "groups", "X-None": "none"},
			Headers: policy.HeaderRules{
				Request:  policy.FieldRules{Set: map[string]string{"X-Env": "prod"}, Remove: []string{"Cookie"}},
				Response: policy.FieldRules{Set: map[string]string{"Cache-Control": "no-store"}, Remove: []string{"Server"}},
			},
		})
	})
	claims := w.service.claims("customer-1", "customer")
	claims["email"], claims["groups"] = "müller@example", []string{"Domain Admins", "CN=Ops,OU=Groups"}
	auth := "Bearer " + w.service.token(ModeJWT, claims)
	res := w.get("h", "/h/x", "Authorization", auth, "Cookie", "a=b", "X-Env", "evil", "x_env", "evil", "X-User-Email", "evil", "X.User.Email", "evil",
		"X-None", "evil", "Accept", "kept", "X-Last", "kept")
	w.says(res, 200, []string{"X-Env: prod", "X-User-Email: m%C3%BCller@example", "X-Groups: Domain Admins,CN=Ops%2COU=Groups", "Accept: kept", "X-Last: kept"},
		[]string{"evil", "Cookie", "X-None"})
	if h := res.Header; h.Get("Server") != "" || strings.Join(h["X-Keep"], ",") != "1,2" || strings.Join(h["Cache-Control"], ",") != "no-store" || h.Get("Date") == "" {
		t.Errorf("%v", h)
	}
	// other proxies are told, too, and find every field of the route's
	for _, p := range proxies {
		res := checked(t, p.name, p.ask(w, "GET", "/h/x", "Authorization", auth), 200)
		if h := res.Header; h.Get("X-User-Email") != "m%C3%BCller@example" || len(h["X-None"]) != 1 || h.Get("X-None") != "" {
			t.Errorf("%s: %v", p.name, h)
		}
	}
}

// RFC 9470.
func TestStepUpOfRoutes(t *testing.T) {
	w, auth := newRules(t, Route{Prefix: "/pay", ACR: []string{"2"}, MaxAuthAge: 5 * time.Minute})
	const want = `Bearer error="insufficient_user_authentication", error_description="another login is required", acr_values="2", max_age="300"`
	f := func(status int, acr string, age time.Duration) {
		t.Helper()
		claims := w.service.claims("customer-1", "customer")
		claims["acr"], claims["auth_time"] = acr, time.Now().Add(-age).Unix()
		res := w.get("h", "/pay", "Authorization", "Bearer "+w.service.token(ModeJWT, claims))
		if res.StatusCode != status || status == 401 && (res.Header.Get("WWW-Authenticate") != want || !strings.Contains(res.body, `"insufficient_user_authentication"`)) {
			t.Errorf("acr %s, %v ago: %d, %v %s", acr, age, res.StatusCode, res.Header, res.body)
		}
	}
	f(200, "2", time.Minute)
	f(401, "1", time.Minute)
	f(401, "2", time.Hour)
	if res := w.get("h", "/pay", "Authorization", auth); res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") != want {
		t.Errorf("without either: %d", res.StatusCode)
	}
}

func TestRatesOfRoutes(t *testing.T) {
	w, auth := newRules(t, Route{Prefix: "/slow", RatePerClient: 0.1}, Route{Prefix: "/slower", RatePerAddress: 0.05, Public: true})
	f := func(status int, retry, target string, fields ...string) {
		t.Helper()
		if res := w.get("h", target, fields...); res.StatusCode != status || res.Header.Get("Retry-After") != retry {
			t.Errorf("%s: %d, Retry-After %q; want %d, %q", target, res.StatusCode, res.Header.Get("Retry-After"), status, retry)
		}
	}
	other := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-2", "customer"))
	f(200, "", "/slow", "Authorization", auth)
	f(429, "10", "/slow", "Authorization", auth)
	f(200, "", "/slow", "Authorization", other)
	f(200, "", "/slower")
	f(429, "20", "/slower")
	f(200, "", "/whoami", "Authorization", auth)
}

// A page of another origin gets its preflight without credentials, and reads the
// status of every answer.
func TestCORS(t *testing.T) {
	const origin = "https://app.example"
	up := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "https://wrong.example")
		w.Header().Set("Vary", "Accept")
		echo(w, r)
	})
	w := newWorldWith(t, ModeJWT, up, func(c *Config) {
		cors := policy.CORS{Origins: []string{origin}, Expose: []string{"X-Total"}}
		for i := range c.Routes[:2] {
			c.Routes[i].CORS = cors
		}
		c.Routes = append(c.Routes, Route{Prefix: "/seldom", Upstream: c.Routes[0].Upstream, CORS: cors, RatePerClient: 0.001})
		c.Routes[3].Methods, c.Routes[3].CORS = []string{"GET"}, policy.CORS{} // /scoped has none
	})
	auth := "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	f := func(status int, shared bool, method, path string, fields ...string) got {
		t.Helper()
		res := w.do(method, path, append([]string{"Origin", origin}, fields...)...)
		allowed := strings.Join(res.Header["Access-Control-Allow-Origin"], " and ")
		if want := map[bool]string{true: origin}[shared]; res.StatusCode != status || shared && allowed != want || !shared && allowed == origin {
			t.Errorf("%s %s: %d, for %q; want %d, for %q", method, path, res.StatusCode, allowed, status, want)
		}
		return res
	}
	ask := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"}
	res := f(204, true, "OPTIONS", "/orders/1", ask...)
	if h := res.Header; h.Get("Access-Control-Allow-Methods") != "GET, HEAD, POST, PUT" || h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type" ||
		h.Get("Access-Control-Max-Age") != "600" || h.Get("Vary") != "Origin" || res.body != "" || h.Get("Content-Type") != "" {
		t.Errorf("%v", h)
	}
	if len(w.upstream.sent()) > 0 {
		t.Errorf("the upstream was asked: %s", w.upstream.sent())
	}
	res = f(200, true, "GET", "/orders/1", "Authorization", auth)
	if got := fmt.Sprint(res.Header["Vary"], res.Header["Access-Control-Expose-Headers"]); got != "[Accept Origin] [X-Total]" {
		t.Errorf("%s", got)
	}
	f(401, true, "GET", "/orders/1")
	f(401, true, "GET", "/orders/1", "Authorization", "Bearer nonsense")
	f(403, true, "GET", "/admin", "Authorization", auth)
	f(405, true, "DELETE", "/orders/1", "Authorization", auth)
	f(200, true, "GET", "/seldom", "Authorization", auth)
	f(429, true, "GET", "/seldom", "Authorization", auth)
	// other pages, and routes without CORS
	for _, path := range []string{"/orders/1", "/admin"} {
		res := w.do("GET", path, "Origin", "https://evil.example", "Authorization", auth)
		if res.Header.Get("Access-Control-Allow-Origin") != "" || !strings.Contains(strings.Join(res.Header["Vary"], ","), "Origin") {
			t.Errorf("%s: %v", path, res.Header)
		}
	}
	f(401, false, "OPTIONS", "/whoami", ask...)
	f(200, false, "GET", "/whoami", "Authorization", auth)
	// the gateway's own endpoints
	res = f(204, true, "OPTIONS", "/login", ask...)
	if got := res.Header.Get("Access-Control-Allow-Methods"); got != "POST" {
		t.Errorf("methods of /login: %q", got)
	}
	f(405, true, "GET", "/login")
	f(405, true, "GET", "/oauth2/token")
	if res := w.do("OPTIONS", "/login", append(ask, "Origin", "https://evil.example")...); res.StatusCode != 405 || res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a preflight of another page: %d, %v", res.StatusCode, res.Header)
	}
	w.service.down.Store(true)
	f(503, true, "GET", "/orders/1", "X-API-Key", "tgs_jwt-other.good")
	f(503, true, "POST", "/oauth2/token")
}

// The gateway's endpoints move away, or are off, and what was theirs is the routes'.
func TestEndpoints(t *testing.T) {
	f := func(e Endpoints, path string, endpoint bool) {
		t.Helper()
		w := newWorld(t, ModeJWT, func(c *Config) {
			c.Endpoints = e
			c.Routes = append(c.Routes, Route{Prefix: "/", Upstream: c.Routes[0].Upstream, Public: true})
			if e != (Endpoints{}) {
				c.Routes = append(c.Routes, Route{Prefix: "/login", Upstream: c.Routes[0].Upstream, Public: true})
			}
		})
		res := w.do("GET", path)
		if served := res.StatusCode == 405; served != endpoint || !served && !strings.HasPrefix(res.body, "GET "+path) {
			t.Errorf("%+v: GET %s: %d %s", e, path, res.StatusCode, res.body)
		}
	}
	f(Endpoints{}, "/login", true)
	f(Endpoints{Prefix: "/auth"}, "/login", false)
	f(Endpoints{Prefix: "/auth"}, "/auth/login", true)
	f(Endpoints{Prefix: "/auth"}, "/%61uth/oauth2/token", true)
	f(Endpoints{Disabled: true}, "/login", false)
	f(Endpoints{Disabled: true}, "/oauth2/token", false)
	w := newWorld(t, ModeJWT, func(c *Config) { c.Endpoints.Prefix = "/auth" })
	res := w.send("POST", "/auth/login", strings.NewReader(`{"id":"customer-1","password":"pw"}`), "Content-Type", "application/json")
	direct := newWorld(t, ModeJWT, nil).send("POST", "/login", strings.NewReader(`{"id":"customer-1","password":"pw"}`), "Content-Type", "application/json")
	if res.StatusCode != direct.StatusCode {
		t.Errorf("a login at /auth/login: %d, at /login %d", res.StatusCode, direct.StatusCode)
	}
	for _, path := range []string{"/auth/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/auth"} {
		if res := w.do("GET", path); res.StatusCode == 401 || res.StatusCode == 403 {
			t.Errorf("%s is no endpoint: %d", path, res.StatusCode)
		}
	}
	if res := w.do("GET", "/auth/.well-known/jwks.json"); res.StatusCode != 200 || !strings.Contains(res.body, `"keys"`) {
		t.Errorf("keys: %d %s", res.StatusCode, res.body)
	}
	// routes that could never be reached are a mistake
	c := goodConfig()
	for _, r := range []Route{{Prefix: "/login", Upstream: "up"}, {Path: "/oauth2/token", Upstream: "up"}} {
		c.Routes = []Route{r}
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), "can never be reached by a route: move the gateway's endpoints with endpoints.prefix") {
			t.Errorf("%+v: %v", r, err)
		}
		c.Endpoints.Disabled = true
		if err := c.Check(); err != nil {
			t.Error(err)
		}
		c.Endpoints.Disabled = false
	}
}

// RFC 9728: a client without a token learns where to get one.
func TestResourceMetadata(t *testing.T) {
	const resource = "https://api.example/orders"
	w := newWorld(t, ModeJWT, func(c *Config) {
		c.Audience, c.Endpoints.ResourceMetadata, c.Endpoints.Disabled = resource, true, true
	})
	const at = `resource_metadata="https://api.example/.well-known/oauth-protected-resource/orders"`
	f := func(target, want string, fields ...string) {
		t.Helper()
		if res := w.get("api.example", target, fields...); res.Header.Get("WWW-Authenticate") != want {
			t.Errorf("%s: %d %q, want %q", target, res.StatusCode, res.Header.Get("WWW-Authenticate"), want)
		}
	}
	claims := w.service.claims("customer-1", "customer")
	claims["aud"] = resource
	auth := "Bearer " + w.service.token(ModeJWT, claims)
	f("/orders/1", "Bearer "+at)
	f("/orders/1", `Bearer error="invalid_token", error_description="the access token is not valid", `+at, "Authorization", "Bearer nonsense")
	f("/whoami", "Bearer") // is not of the resource
	if res := w.get("api.example", "/orders/1", "Authorization", auth); res.StatusCode != 200 {
		t.Errorf("%d", res.StatusCode)
	}
	res := w.get("api.example", "/.well-known/oauth-protected-resource/orders")
	const want = `{"authorization_servers":["` + testIssuer + `"],"bearer_methods_supported":["header"],"resource":"` + resource + `"}`
	if res.StatusCode != 200 || res.body != want || res.Header.Get("Content-Type") != "application/json" || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, res.body)
	}
	for target, status := range map[string]int{"/.well-known/oauth-protected-resource": 401, "/.well-known/oauth-protected-resource/other": 401} {
		if res := w.get("api.example", target); res.StatusCode != status {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
	c := goodConfig()
	c.Endpoints.ResourceMetadata, c.Audience = true, "orders"
	if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), "configuration: endpoints.resource_metadata: no audience is a URL") {
		t.Error(err)
	}
}

// Tokens in other places than Authorization, which none of them leaves the gateway in.
func TestTokenFrom(t *testing.T) {
	all := []string{"authorization", "header:Cf-Access-Jwt-Assertion", "cookie:session", "query:access_token"}
	w, auth := newRules(t, Route{Prefix: "/from", TokenFrom: all}, Route{Prefix: "/not"})
	token := auth[len("Bearer "):]
	f := func(status int, method, target string, fields ...string) {
		t.Helper()
		w.upstream.forget()
		res := w.do(method, target, fields...)
		if res.StatusCode != status {
			t.Errorf("%s %.40s: %d, want %d", method, target, res.StatusCode, status)
		}
		sent := w.upstream.sent()
		if n := strings.Count(sent, token); status == 200 && (n != 1 || !strings.Contains(sent, "Authorization: "+auth+"\r\n")) || status != 200 && n > 0 {
			t.Errorf("%s %.40s: the token is %d times in\n%s", method, target, n, sent)
		}
	}
	f(200, "GET", "/from?a=b", "Authorization", auth)
	f(200, "GET", "/from?a=b&access_token="+token)
	f(200, "GET", "/from?access_token="+token, "Cookie", "session="+token+"; a=b")
	f(200, "GET", "/from", "Cf-Access-Jwt-Assertion", token)
	f(200, "GET", "/from", "Cookie", "a=b; session="+token)
	f(200, "POST", "/from", "Cookie", "session="+token, "Sec-Fetch-Site", "same-origin")
	f(200, "POST", "/from", "Cookie", "session="+token, "Origin", "http://"+w.public)
	f(403, "POST", "/from", "Cookie", "session="+token)
	f(403, "POST", "/from", "Cookie", "session="+token, "Sec-Fetch-Site", "cross-site", "Origin", "http://"+w.public)
	f(403, "DELETE", "/from", "Cookie", "session="+token, "Origin", "https://evil.example")
	f(200, "POST", "/from", "Authorization", auth, "Cookie", "session="+token) // what a page of another site cannot set counts first
	f(401, "GET", "/from", "Cookie", "session=nonsense")
	f(401, "GET", "/from")
	f(401, "GET", "/not?access_token=x", "Cookie", "session=x")
	// /authorize looks in the same places
	nginx := []string{"X-Original-Method", "POST", "X-Original-URI", "/from", "X-Forwarded-Host", "app.example", "Cookie", "session=" + token}
	checked(t, "a cookie without proof", w.ask("GET", "/authorize", nginx...), 403)
	checked(t, "a cookie with proof", w.ask("GET", "/authorize", append(nginx, "Origin", "https://app.example")...), 200)
	checked(t, "a parameter", w.ask("GET", "/authorize", "X-Original-Method", "GET", "X-Original-URI", "/from?access_token="+token), 200)
}

// A page's WebSocket brings its token as a subprotocol.
func TestTokenFromWebSocket(t *testing.T) {
	up := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		if p := r.Header.Get("Sec-WebSocket-Protocol"); p != "" {
			w.Header().Set("Sec-WebSocket-Protocol", p)
		}
		w.Header().Set("X-Who", r.Header.Get("X-Auth-Subject")+" "+r.Header.Get("Authorization")[:6])
		w.WriteHeader(http.StatusSwitchingProtocols)
	})
	w := newWorldWith(t, ModeJWT, up, func(c *Config) {
		c.TokenFrom = []string{"websocket", "cookie:session"}
		c.Routes = append(c.Routes, Route{Prefix: "/ws", Upstream: c.Routes[0].Upstream, WebSocket: true})
	})
	token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	f := func(status int, protocol string, fields ...string) {
		t.Helper()
		w.upstream.forget()
		req := "GET /ws HTTP/1.1\r\nHost: app.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
		for i := 0; i < len(fields); i += 2 {
			req += fields[i] + ": " + fields[i+1] + "\r\n"
		}
		res := w.raw(req + "\r\n")
		if res.StatusCode != status || res.Header.Get("Sec-WebSocket-Protocol") != protocol || status == 101 && res.Header.Get("X-Who") != "customer-1 Bearer" {
			t.Errorf("%q: %d, %q, %v", fields, res.StatusCode, protocol, res.Header)
		}
		if n := strings.Count(w.upstream.sent(), token); status == 101 && n != 1 {
			t.Errorf("the token is %d times in %s", n, w.upstream.sent())
		}
	}
	f(101, "bearer", "Sec-WebSocket-Protocol", "bearer, "+token)
	f(101, "chat", "Sec-WebSocket-Protocol", "bearer, "+token+", chat")
	f(401, "", "Sec-WebSocket-Protocol", "chat")
	f(403, "", "Cookie", "session="+token)
	f(403, "", "Cookie", "session="+token, "Origin", "https://evil.example")
	f(101, "", "Cookie", "session="+token, "Origin", "https://app.example")
}
