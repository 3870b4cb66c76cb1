package gateway

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// noVerdicts are handlers of what a service may say that is no verdict, in the
// form that mode asks for.
func noVerdicts(t *testing.T, s *service, mode string) map[string]http.HandlerFunc {
	says := func(change func(answer map[string]any)) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c := s.claims("customer-1", "customer")
			answer := map[string]any{"active": true}
			for k, v := range c {
				answer[k] = v
			}
			if mode == ModePhantom {
				answer["phantom_token"] = s.sign(c)
			}
			change(answer)
			if mode == ModeOpaque {
				w.Header().Set("Content-Type", "application/json")
				json.NewEncoder(w).Encode(answer)
				return
			}
			signed, err := s.answers.Sign(map[string]any{
				"iss": testIssuer, "aud": "gateway", "iat": time.Now().Unix(), "token_introspection": answer,
			})
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", typeIntrospection)
			w.Write(signed)
		}
	}
	set := func(name string, value any) http.HandlerFunc {
		return says(func(a map[string]any) { a[name] = value })
	}
	without := func(name string) http.HandlerFunc {
		return says(func(a map[string]any) { delete(a, name) })
	}
	typed := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", map[string]string{ModeOpaque: "application/json", ModePhantom: typeIntrospection}[mode])
			io.WriteString(w, body)
		}
	}
	return map[string]http.HandlerFunc{
		"hung": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"reset": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		},
		"garbage": typed("\x00\xff"),
		"huge":    typed(strings.Repeat("x", 2<<20)),
		"failing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"redirecting": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", s.URL+"/x")
			w.WriteHeader(307)
		},
		"expired":         set("exp", time.Now().Unix()-3600),
		"exp a string":    set("exp", "1"),
		"without exp":     without("exp"),
		"another issuer":  set("iss", "https://issuer.evil"),
		"without issuer":  without("iss"),
		"without subject": without("sub"),
		"without id":      without("jti"),
		"of a far future": set("nbf", time.Now().Unix()+3600),
		"without active":  without("active"),
	}
}

// Whatever goes wrong between the gateway and a verdict is 503, in time, with
// nothing of it in the body, and nothing of it is kept.
func TestNoVerdict(t *testing.T) {
	for _, mode := range []string{ModeOpaque, ModePhantom} {
		w := newWorld(t, mode, func(c *Config) {
			c.Cache.IntrospectionTTL, c.Cache.InactiveTTL = time.Minute, time.Minute
			c.SecurityService.Breaker.Failures = 1000
		})
		for name, says := range noVerdicts(t, w.service, mode) {
			t.Run(mode+", "+name, func(t *testing.T) {
				token := "Bearer " + w.service.token(mode, w.service.claims("customer-1", "customer"))
				w.service.instead.Store(&says)
				res := w.do("GET", "/orders", "Authorization", token)
				if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || strings.Contains(res.body, w.service.URL[7:]) {
					t.Errorf("%d %v %s", res.StatusCode, res.Header, res.body)
				}
				w.service.instead.Store(nil)
				before := w.service.asked.Load()
				w.eventually("believed", func() bool {
					return w.do("GET", "/orders", "Authorization", token).StatusCode == 200
				})
				if n := w.service.asked.Load() - before; n != 1 {
					t.Errorf("%d calls once it is well", n)
				}
			})
		}
		if sent := w.upstream.sent(); strings.Contains(sent, "evil") {
			t.Errorf("upstream was sent:\n%s", sent)
		}
	}
}

// What no service can have issued is refused without a call.
func TestTokenShape(t *testing.T) {
	for _, mode := range []string{ModeOpaque, ModePhantom} {
		w := newWorld(t, mode, nil)
		f := func(token string, calls int64) {
			t.Helper()
			before := w.service.asked.Load()
			res := w.raw("GET /orders HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer " + token + "\r\n\r\n")
			if res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") != challengeToken {
				t.Errorf("%s: %.50q: %d %q", mode, token, res.StatusCode, res.Header.Get("WWW-Authenticate"))
			}
			if n := w.service.asked.Load() - before; n != calls {
				t.Errorf("%s: %.50q: %d calls, want %d", mode, token, n, calls)
			}
		}
		f(`a"b`, 0)
		f("a%20b", 0)
		f("a,b", 0)
		f("a;b", 0)
		f("a\\b", 0)
		f("caf\xc3\xa9", 0)
		f("\xff", 0)
		f("a=b", 0)
		f("==", 0)
		f(strings.Repeat("a", 8<<10+1), 0)
		// others may be anybody's
		f("a", 1)
		f("AZaz09-._~+/==", 1)
		f("tg_00000000-0000-4000-8000-000000000001", 1)
		f(strings.Repeat("a", 8<<10), 1)
	}
}

// What a caller may do is decided on every use, also of what is remembered.
func TestRemembered(t *testing.T) {
	for _, mode := range []string{ModeJWT, ModeOpaque, ModePhantom} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, mode, func(c *Config) { c.Cache.IntrospectionTTL = time.Minute })
			customer := "Bearer " + w.service.token(mode, w.service.claims("customer-1", "customer"))
			foreign := w.service.claims("customer-1", "customer")
			foreign["aud"] = "another"
			stranger := "Bearer " + w.service.token(mode, foreign)
			f := func(path, authorization string, status int) {
				t.Helper()
				if res := w.do("GET", path, "Authorization", authorization); res.StatusCode != status {
					t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
				}
			}
			for range 3 {
				f("/orders", customer, 200)
				f("/admin", customer, 403)
				f("/scoped", customer, 403)
				f("/nowhere", customer, 403)
				f("/whoami", customer, 200)
			}
			if n := w.service.asked.Load(); mode != ModeJWT && n != 1 {
				t.Errorf("%d calls: not remembered", n)
			}
			for range 2 {
				f("/whoami", stranger, 401)
			}
			// and by the routes of the present
			cfg := w.cfg
			cfg.Routes = append([]Route{}, cfg.Routes...)
			cfg.Routes[0].Roles, cfg.Routes[1].Roles = []string{"admin"}, []string{"customer"}
			if err := w.g.Reload(cfg); err != nil {
				t.Fatal(err)
			}
			f("/orders", customer, 403)
			f("/admin", customer, 200)
			if n := w.service.asked.Load(); mode != ModeJWT && n > 2 {
				t.Errorf("%d calls: not remembered", n)
			}
		})
	}
}
