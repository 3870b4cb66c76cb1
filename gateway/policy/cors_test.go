package policy

import (
	"strings"
	"testing"
	"time"
)

func preflightFor(origin, method, headers string) *Request {
	r := ask("OPTIONS", "/orders/7")
	r.Origin, r.RequestMethod, r.RequestHeaders = []byte(origin), []byte(method), []byte(headers)
	return r
}

// The gateway answers a preflight, which never has credentials.
func TestPreflight(t *testing.T) {
	f := func(cors CORS, methods []string, r *Request, want ...string) {
		t.Helper()
		tab := table(t, Route{Prefix: "/orders", Methods: methods, Roles: []string{"x"}, CORS: cors}.WithDefaults())
		m := tab.Match(r)
		if m.Caller() != CallerIgnored {
			t.Errorf("a preflight needs a caller")
		}
		if d := m.Decide(r, nil, time.Now()); d.Verdict != Preflight {
			t.Errorf("%+v", d)
		}
		if got := string(m.AppendCORS(nil, r)); got != strings.Join(append(want, ""), "\r\n") {
			t.Errorf("%+v:\n%s, want\n%s", cors, got, strings.Join(want, "\n"))
		}
	}
	app := []string{"https://app.example"}
	asked := preflightFor("https://app.example", "POST", "authorization,x-a")
	f(CORS{Origins: app}, []string{"GET", "POST"}, asked, "Vary: Origin", "Access-Control-Allow-Origin: https://app.example",
		"Access-Control-Allow-Methods: GET, HEAD, POST", "Access-Control-Allow-Headers: Authorization, Content-Type", "Access-Control-Max-Age: 600")
	f(CORS{Origins: app}, nil, asked, "Vary: Origin", "Access-Control-Allow-Origin: https://app.example",
		"Access-Control-Allow-Methods: POST", "Access-Control-Allow-Headers: Authorization, Content-Type", "Access-Control-Max-Age: 600")
	f(CORS{Origins: app, Methods: []string{"PUT"}, Headers: []string{"X-A", "X-B"}, Credentials: true, MaxAge: time.Minute, Expose: []string{"X-Total"}}, nil, asked,
		"Vary: Origin", "Access-Control-Allow-Origin: https://app.example", "Access-Control-Allow-Credentials: true", "Access-Control-Expose-Headers: X-Total",
		"Access-Control-Allow-Methods: PUT", "Access-Control-Allow-Headers: X-A, X-B", "Access-Control-Max-Age: 60")
	f(CORS{Origins: []string{"*"}, Headers: []string{"*"}}, []string{"GET"}, asked, "Access-Control-Allow-Origin: *",
		"Access-Control-Allow-Methods: GET, HEAD", "Access-Control-Allow-Headers: authorization,x-a", "Access-Control-Max-Age: 600")
	// another page learns nothing
	f(CORS{Origins: app}, []string{"GET", "POST"}, preflightFor("https://evil.example", "POST", ""), "Vary: Origin")
	// a method that no route has: the answer says which there are
	f(CORS{Origins: app}, []string{"GET"}, preflightFor("https://app.example", "DELETE", ""), "Vary: Origin", "Access-Control-Allow-Origin: https://app.example",
		"Access-Control-Allow-Methods: GET, HEAD", "Access-Control-Allow-Headers: Authorization, Content-Type", "Access-Control-Max-Age: 600")
}

// What only looks like a preflight is a request like any other.
func TestNoPreflight(t *testing.T) {
	f := func(cors CORS, r *Request) {
		t.Helper()
		tab := table(t, Route{Prefix: "/orders", CORS: cors})
		m := tab.Match(r)
		if d := m.Decide(r, nil, time.Now()); d.Verdict != NoCaller {
			t.Errorf("%+v", d)
		}
	}
	app := CORS{Origins: []string{"https://app.example"}}
	f(CORS{}, preflightFor("https://app.example", "GET", ""))
	f(app, preflightFor("", "GET", ""))
	f(app, preflightFor("https://app.example", "", ""))
	get := preflightFor("https://app.example", "GET", "")
	get.Method = []byte("GET")
	f(app, get)
}

func TestOrigins(t *testing.T) {
	f := func(origin string, want bool, origins ...string) {
		t.Helper()
		c := CORS{Origins: origins}
		if err := c.check(); err != nil {
			t.Errorf("%v: %v", origins, err)
		}
		if got := c.allows([]byte(origin)); got != want {
			t.Errorf("%s by %v: %v", origin, origins, got)
		}
	}
	f("https://app.example", true, "https://app.example")
	f("https://app.example", true, "https://x.example", "https://app.example")
	f("http://app.example", false, "https://app.example")
	f("https://app.example:8443", false, "https://app.example")
	f("https://app.example:8443", true, "https://app.example:8443")
	f("https://app.example.evil.example", false, "https://app.example")
	f("https://a.app.example", true, "https://*.app.example")
	f("https://a.b.app.example", true, "https://*.app.example")
	f("https://app.example", false, "https://*.app.example")
	f("https://.app.example", false, "https://*.app.example")
	f("https://evilapp.example", false, "https://*.app.example")
	f("https://evil.example/.app.example", false, "https://*.app.example")
	f("http://a.app.example", false, "https://*.app.example")
	f("http://a.app.example:3000", true, "http://*.app.example:3000")
	f("null", false, "https://app.example")
	f("null", true, "null")
	f("anything", true, "*")
}

func TestCheckCORS(t *testing.T) {
	f := func(want string, c CORS) {
		t.Helper()
		_, err := New([]Route{{Prefix: "/", CORS: c}}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "routes[0].cors."+want+": ") {
			t.Errorf("%+v: err = %v, want cors.%s: …", c, err, want)
		}
	}
	f("origins", CORS{Credentials: true})
	f("origins[0]", CORS{Origins: []string{"*"}, Credentials: true})
	f("origins[1]", CORS{Origins: []string{"https://a.example", "a.example"}})
	f("origins[0]", CORS{Origins: []string{"https://a.example/"}})
	f("origins[0]", CORS{Origins: []string{"https://A.example"}})
	f("origins[0]", CORS{Origins: []string{"https://*"}})
	f("origins[0]", CORS{Origins: []string{"https://a.*.example"}})
	f("methods[0]", CORS{Origins: []string{"*"}, Methods: []string{"GET, POST"}})
	f("headers[0]", CORS{Origins: []string{"*"}, Headers: []string{"a\r\nb"}})
	f("max_age", CORS{Origins: []string{"*"}, MaxAge: -1})
}

// The gateway's own refusals can be read by the page too.
func TestAppendCORS(t *testing.T) {
	tab := table(t, Route{Prefix: "/orders", Methods: []string{"GET"}, CORS: CORS{Origins: []string{"https://app.example"}}}, Route{Prefix: "/other"})
	f := func(method, path, origin, want string) {
		t.Helper()
		r := ask(method, path)
		r.Origin = []byte(origin)
		m := tab.Match(r)
		if got := string(m.AppendCORS(nil, r)); got != want {
			t.Errorf("%s %s from %s: %q, want %q", method, path, origin, got, want)
		}
	}
	const shared = "Vary: Origin\r\nAccess-Control-Allow-Origin: https://app.example\r\n"
	f("GET", "/orders", "https://app.example", shared)
	f("DELETE", "/orders", "https://app.example", shared) // 405
	f("GET", "/orders", "", "Vary: Origin\r\n")
	f("GET", "/orders", "https://evil.example", "Vary: Origin\r\n")
	f("GET", "/other", "https://app.example", "")
	f("GET", "/nothing", "https://app.example", "")
}

// A page that may use a route may use the gateway's own endpoints.
func TestEndpointCORS(t *testing.T) {
	tab := table(t, Route{Prefix: "/a", CORS: CORS{Origins: []string{"https://a.example"}, Methods: []string{"PUT"}}}.WithDefaults(),
		Route{Prefix: "/b", CORS: CORS{Origins: []string{"https://b.example"}, Credentials: true}}.WithDefaults())
	f := func(r *Request, want string) {
		t.Helper()
		got, ok := tab.AppendEndpointCORS(nil, r, "POST")
		if string(got) != want || ok != (want != "") {
			t.Errorf("%s from %s: %q, %v; want %q", r.Method, r.Origin, got, ok, want)
		}
	}
	post := ask("POST", "/login")
	f(post, "")
	post.Origin = []byte("https://b.example")
	f(post, "Vary: Origin\r\nAccess-Control-Allow-Origin: https://b.example\r\nAccess-Control-Allow-Credentials: true\r\n")
	post.Origin = []byte("https://c.example")
	f(post, "")
	f(preflightFor("https://a.example", "POST", ""), "Vary: Origin\r\nAccess-Control-Allow-Origin: https://a.example\r\nAccess-Control-Allow-Methods: POST\r\n"+
		"Access-Control-Allow-Headers: Authorization, Content-Type\r\nAccess-Control-Max-Age: 600\r\n")
	if !tab.HasCORS() || table(t, Route{Prefix: "/"}).HasCORS() {
		t.Error("whether routes have CORS")
	}
}
