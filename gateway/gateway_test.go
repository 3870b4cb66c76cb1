package gateway

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Every mode, from a good token to every kind of refusal.
func TestModes(t *testing.T) {
	for _, mode := range []string{ModeJWT, ModeOpaque, ModePhantom} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, nil)
			customer := "Bearer " + w.service.token(mode, w.service.claims("customer-1", "customer"))
			expired := w.service.claims("customer-1", "customer")
			expired["exp"] = time.Now().Unix() - 1
			foreign := w.service.claims("customer-1", "customer")
			foreign["aud"] = "another"

			f := func(method, path, authorization string, status int, challenge string) {
				t.Helper()
				var headers []string
				if authorization != "" {
					headers = []string{"Authorization", authorization}
				}
				res := w.do(method, path, headers...)
				if res.StatusCode != status || res.Header.Get("WWW-Authenticate") != challenge {
					t.Errorf("%s %s: %d, challenge %q; want %d, %q", method, path, res.StatusCode, res.Header.Get("WWW-Authenticate"), status, challenge)
				}
				if status >= 400 && !strings.HasPrefix(res.body, `{"error":"`) {
					t.Errorf("%s %s: body %q", method, path, res.body)
				}
			}
			// what a customer may do
			f("GET", "/orders", customer, 200, "")
			f("HEAD", "/orders/1?x=1", customer, 200, "")
			f("GET", "/whoami", customer, 200, "")
			// public, with or without anything
			f("GET", "/healthz", "", 200, "")
			f("GET", "/healthz", "Bearer nonsense", 200, "")
			// nothing presented
			f("GET", "/orders", "", 401, challengeBare)
			f("GET", "/nowhere", "", 401, challengeBare)
			// something that is no token of ours
			f("GET", "/orders", "Bearer nonsense", 401, challengeToken)
			f("GET", "/orders", "Digest abc", 401, challengeToken)
			f("GET", "/orders", "Bearer", 401, challengeToken)
			f("GET", "/nowhere", "Bearer nonsense", 401, challengeToken)
			f("GET", "/orders", "Bearer "+w.service.token(mode, foreign), 401, challengeToken)
			if mode == ModeJWT { // the service itself does not vouch for it in the other modes
				f("GET", "/orders", "Bearer "+w.service.token(mode, expired), 401, challengeToken)
			}
			// not permitted
			f("GET", "/admin", customer, 403, challengeScope)
			f("DELETE", "/orders", customer, 405, "")
			f("GET", "/ordersx", customer, 403, challengeScope)
			f("GET", "/", customer, 403, challengeScope)
			f("GET", "/scoped", customer, 403, challengeScope+`, scope="orders.read orders.burn"`)
		})
	}
}

// What the upstream is told, and what it is not.
func TestIdentityHeaders(t *testing.T) {
	for _, mode := range []string{ModeJWT, ModeOpaque, ModePhantom} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, nil)
			claims := w.service.claims("customer-1", "customer beta")
			token := w.service.token(mode, claims)
			res := w.do("GET", "/whoami", "Authorization", "Bearer "+token,
				"X-Auth-Subject", "evil", "x_auth_subject", "evil", "X.Auth.Roles", "evil", "X-Auth-Gateway", "evil",
				"X-Request-Id", "evil", "X_Request.Id", "evil", "X-Api_Key", "evil", "Auth", "kept")
			want := token
			if mode == ModePhantom {
				want = w.service.sign(claims)
			}
			for _, line := range []string{
				"Authorization: Bearer " + want, "X-Auth-Subject: customer-1", "X-Auth-Client: first-party",
				"X-Auth-Roles: customer,beta", "X-Auth-Scopes: orders.read orders.write",
				"X-Auth-Token-Id: " + claims["jti"].(string), "X-Auth-Gateway: it-is-me", "Auth: kept",
				"X-Request-Id: " + res.Header.Get("X-Request-Id"),
			} {
				if !strings.Contains(res.body, line+"\r\n") {
					t.Errorf("upstream was not told %q:\n%s", line, res.body)
				}
			}
			if strings.Contains(w.upstream.sent(), "evil") {
				t.Errorf("the client's word reached the upstream:\n%s", w.upstream.sent())
			}

			w.upstream.forget()
			w.do("GET", "/healthz", "Authorization", "Bearer "+token, "X-API-Key", "key", "X-Auth-Subject", "evil")
			for _, name := range []string{"Authorization", "X-Auth-Subject", "X-Auth-Roles", "key", "evil"} {
				if strings.Contains(w.upstream.sent(), name) {
					t.Errorf("a public request reached the upstream with %s:\n%s", name, w.upstream.sent())
				}
			}
		})
	}
}

func TestRevocation(t *testing.T) {
	for _, mode := range []string{ModeJWT, ModeOpaque, ModePhantom} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, func(c *Config) { c.Cache.IntrospectionTTL = time.Minute })
			f := func(revoke func(token string, claims map[string]any)) {
				t.Helper()
				claims := w.service.claims("customer-1", "customer")
				token := w.service.token(mode, claims)
				for range 3 { // every cache is warm
					if res := w.do("GET", "/orders", "Authorization", "Bearer "+token); res.StatusCode != 200 {
						t.Fatalf("status %d before", res.StatusCode)
					}
				}
				revoke(token, claims)
				w.eventually("revoked", func() bool {
					return w.do("GET", "/orders", "Authorization", "Bearer "+token).StatusCode == 401
				})
			}
			// one token
			f(func(_ string, c map[string]any) { w.service.revoke("token", c["jti"].(string)) })
			// by logging out, which revokes the session
			f(func(token string, _ map[string]any) {
				if res := w.do("POST", "/logout", "Authorization", "Bearer "+token); res.StatusCode != 204 {
					t.Errorf("/logout: %d", res.StatusCode)
				}
			})
		})
	}
}

func TestAPIUsers(t *testing.T) {
	for mode, id := range map[string]string{ModeJWT: "jwt-reporting", ModeOpaque: "reporting", ModePhantom: "reporting"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, nil)
			secret := "tgs_" + id + ".good"
			before := w.service.issued.Load()
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					if res := w.do("GET", "/reports", "X-API-Key", secret); res.StatusCode != 200 {
						t.Errorf("status %d", res.StatusCode)
					}
				})
			}
			wg.Wait()
			if n := w.service.issued.Load() - before; n != 1 {
				t.Errorf("%d tokens for concurrent first requests", n)
			}
			req, _ := http.NewRequest("GET", "/", nil)
			req.SetBasicAuth(id, secret)
			if res := w.do("GET", "/reports", "Authorization", req.Header.Get("Authorization")); res.StatusCode != 200 {
				t.Errorf("Basic: status %d", res.StatusCode)
			}
			if sent := w.upstream.sent(); strings.Contains(sent, secret) || strings.Contains(sent, "Basic") || !strings.Contains(sent, "X-Auth-Client: "+id+"\r\n") {
				t.Errorf("upstream was sent:\n%s", sent)
			}
			// refused: wrong secret, no such form, both at once, no role
			f := func(path string, status int, challenge string, headers ...string) {
				t.Helper()
				res := w.do("GET", path, headers...)
				if res.StatusCode != status || res.Header.Get("WWW-Authenticate") != challenge {
					t.Errorf("%v: %d %q", headers, res.StatusCode, res.Header.Get("WWW-Authenticate"))
				}
			}
			f("/reports", 401, challengeBasic, "X-API-Key", "tgs_"+id+".bad")
			f("/reports", 401, challengeBasic, "X-API-Key", "nonsense")
			f("/reports", 401, challengeBasic, "Authorization", "Basic !!")
			f("/reports", 401, challengeToken, "X-API-Key", secret, "Authorization", "Bearer x")
			f("/admin", 403, challengeScope, "X-API-Key", secret)
			// a revoked token is replaced while the credentials are good
			w.service.revoke("client", id)
			time.Sleep(1100 * time.Millisecond) // iat has to be after the revocation's second
			if res := w.do("GET", "/reports", "X-API-Key", secret); res.StatusCode != 200 {
				t.Errorf("after a revocation: status %d", res.StatusCode)
			}
		})
	}
}

func TestLogin(t *testing.T) {
	w := newWorld(t, ModeJWT, nil)
	form := func(password string) got {
		return w.send("POST", "/login", strings.NewReader("id=customer-1&password="+password), "Content-Type", "application/x-www-form-urlencoded")
	}
	res := form("right")
	if res.StatusCode != 200 || !strings.Contains(res.body, `"access_token"`) || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, res.body)
	}
	if w.service.lastFrom != "127.0.0.1" || !strings.HasPrefix(w.service.lastAuth, "Basic ") {
		t.Errorf("the service was told address %q, authorization %.6q", w.service.lastFrom, w.service.lastAuth)
	}
	if res := form("wrong"); res.StatusCode != 401 || !strings.Contains(res.body, "invalid_grant") {
		t.Errorf("wrong password: %d %s", res.StatusCode, res.body)
	}
	if res := w.do("GET", "/login"); res.StatusCode != 405 {
		t.Errorf("GET /login: %d", res.StatusCode)
	}
	if res := w.do("GET", "/.well-known/jwks.json"); res.StatusCode != 200 || !strings.Contains(res.body, `"k1"`) {
		t.Errorf("keys: %d %s", res.StatusCode, res.body)
	}
	for i, spaces := range []string{" ", "  ", "   "} {
		subject := "caller-" + strconv.Itoa(i)
		if res := w.do("POST", "/logout", "Authorization", "bearer"+spaces+w.service.token(ModeJWT, w.service.claims(subject, "customer"))); res.StatusCode != 204 {
			t.Errorf("/logout with %d spaces: %d", len(spaces), res.StatusCode)
		}
		w.service.mu.Lock()
		last := w.service.revoked[len(w.service.revoked)-1]
		w.service.mu.Unlock()
		if last.ID != "s-"+subject {
			t.Errorf("/logout with %d spaces revoked %q", len(spaces), last.ID)
		}
	}
	if res := w.do("POST", "/logout"); res.StatusCode != 401 {
		t.Errorf("/logout without a token: %d", res.StatusCode)
	}
}

// The security service is gone: closed, except for what can be decided alone.
func TestServiceDown(t *testing.T) {
	for _, mode := range []string{ModeJWT, ModeOpaque, ModePhantom} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, nil)
			token := w.service.token(mode, w.service.claims("customer-1", "customer"))
			w.service.down.Store(true)
			res := w.do("GET", "/orders", "Authorization", "Bearer "+token)
			if mode == ModeJWT {
				if res.StatusCode != 200 {
					t.Errorf("status %d", res.StatusCode)
				}
			} else if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || strings.Contains(res.body, w.service.URL[7:]) {
				t.Errorf("%d %v %s", res.StatusCode, res.Header, res.body)
			}
			if res := w.send("POST", "/login", strings.NewReader("id=a&password=b"), "Content-Type", "application/x-www-form-urlencoded"); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
				t.Errorf("/login: %d", res.StatusCode)
			}
		})
	}
}
