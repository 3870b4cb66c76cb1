package policy

import "testing"

// What the upstream is sent: byte for byte what came, but for what the route replaces.
func TestAppendTarget(t *testing.T) {
	f := func(route Route, base, target, path, want string) {
		t.Helper()
		rule := table(t, route).Rules()[0]
		got, ok := rule.AppendTarget([]byte(">"), []byte(target), &Request{Path: []byte(path)}, base)
		if (want == "") == ok || ok && string(got) != ">"+want {
			t.Errorf("%s on %+v: %q, %v; want %q", target, route, got, ok, want)
		}
	}
	plain := Route{Prefix: "/api"}
	f(plain, "", "/api/%61?b=%2f", "/api/a", "/api/%61?b=%2f")
	f(plain, "/v1", "/api/%61?b", "/api/a", "/v1/api/%61?b")
	strip := Route{Prefix: "/api/", StripPrefix: true}
	f(strip, "", "/api/orders/%C3%A9?x=/api", "/api/orders/é", "/orders/%C3%A9?x=/api")
	f(strip, "", "/%61p%69/orders", "/api/orders", "/orders")
	f(strip, "", "/api", "/api", "/")
	f(strip, "", "/api?x", "/api", "/?x")
	f(strip, "", "/api/", "/api/", "/")
	f(strip, "/v1", "/api", "/api", "/v1")
	f(strip, "/v1", "/api/a%2Fb", "/api/a%2Fb", "/v1/a%2Fb")
	f(strip, "", "/api//evil.example/x", "/api//evil.example/x", "") // would read as another host
	f(Route{Prefix: "/é", StripPrefix: true}, "", "/%C3%A9/x", "/é/x", "/x")
	f(Route{Prefix: "/", StripPrefix: true}, "", "/x", "/x", "/x")
	f(Route{Prefix: "/api/orders", Rewrite: "/v2/orders"}, "", "/api/orders/7?a", "/api/orders/7", "/v2/orders/7?a")
	f(Route{Prefix: "/api/orders", Rewrite: "/v2/orders"}, "/base", "/api/orders", "/api/orders", "/base/v2/orders")
	f(Route{Prefix: "/api", Rewrite: "/"}, "", "/api/x", "/api/x", "/x")
	f(Route{Prefix: "/api", Rewrite: "/"}, "", "/api", "/api", "/")
	f(Route{Prefix: "/", Rewrite: "/v2"}, "", "/x/y", "/x/y", "/v2/x/y")
	f(Route{Path: "/health", Rewrite: "/internal/health"}, "", "/he%61lth?x", "/health", "/internal/health?x")
	regex := Route{Regex: `/users/([^/]+)/orders/(?P<order>[0-9]+)`, Rewrite: "/orders/${order}/of/$1"}
	f(regex, "", "/users/m%C3%BCller/orders/7?x=1", "/users/müller/orders/7", "/orders/7/of/m%C3%BCller?x=1")
	f(regex, "/b", "/users/a%20b/orders/7", "/users/a b/orders/7", "/b/orders/7/of/a%20b")
	f(regex, "", "/users/100%25/orders/7", "/users/100%/orders/7", "/orders/7/of/100%25")
	f(regex, "", "/users/a%2fb/orders/7", "/users/a%2fb/orders/7", "/orders/7/of/a%2fb")
	f(regex, "", "/users/a%3fb/orders/7", "/users/a?b/orders/7", "/orders/7/of/a%3Fb")
	// what comes out is as strict as what goes in
	f(Route{Regex: `/x/a(.*)`, Rewrite: "/$1"}, "", "/x/a../b", "/x/a../b", "")
	f(Route{Regex: `/x(.*)`, Rewrite: "/v/$1"}, "", "/x.%3f0", "/x.?0", "")
	f(Route{Regex: `/x(.*)`, Rewrite: "/$1"}, "", "/x/b", "/x/b", "")
	f(strip, "", "*", "*", "*")
}

func TestAppendTargetAllocations(t *testing.T) {
	rule := table(t, Route{Prefix: "/api", StripPrefix: true}).Rules()[0]
	target, asked := []byte("/api/orders/7?x=y"), &Request{Path: []byte("/api/orders/7")}
	var out []byte
	if n := testing.AllocsPerRun(100, func() { out, _ = rule.AppendTarget(out[:0], target, asked, "/v1") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
