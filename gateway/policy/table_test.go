package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

func table(t testing.TB, routes ...Route) *Table {
	t.Helper()
	table, err := New(routes, nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// ask is a request for a path of any host.
func ask(method, path string) *Request {
	return &Request{Method: []byte(method), Path: []byte(path)}
}

// The longest prefix that ends with a segment decides, and its methods have the
// last word.
func TestMatch(t *testing.T) {
	table := table(t,
		Route{Prefix: "/orders", Methods: []string{"GET"}},
		Route{Prefix: "/orders/", Methods: []string{"DELETE", "HEAD"}},
		Route{Prefix: "/", Methods: []string{"GET"}},
		Route{Prefix: "/orders/all"},
		Route{Prefix: "/orders/all/of/them", Methods: []string{"POST"}},
	)
	f := func(method, path string, index int, allow string) {
		t.Helper()
		m := table.Match(ask(method, path))
		got := -1
		if m.Rule != nil {
			got = m.Rule.Index
		}
		gotAllow := ""
		if m.node != nil {
			gotAllow = m.node.allow
		}
		if got != index || gotAllow != allow {
			t.Errorf("%s %s: routes[%d], Allow %q; want routes[%d], %q", method, path, got, gotAllow, index, allow)
		}
	}
	f("GET", "/orders", 0, "")
	f("GET", "/orders/", 0, "")
	f("GET", "/orders/1", 0, "")
	f("HEAD", "/orders/1", 1, "") // the route that names HEAD, before the one that names GET
	f("DELETE", "/orders/1", 1, "")
	f("POST", "/orders/1", -1, "DELETE, GET, HEAD")
	f("GET", "/ordersx", 2, "")
	f("HEAD", "/ordersx", 2, "")
	f("GET", "/", 2, "")
	f("POST", "/", -1, "GET, HEAD")
	f("PATCH", "/orders/all/1", 3, "")
	f("GET", "/orders/all/of/them/x", -1, "POST")
	f("GET", "/orders/all/of/the", 3, "")
	f("OPTIONS", "*", -1, "")
	f("GET", "", 2, "")
}

func TestMatchNothing(t *testing.T) {
	for _, table := range []*Table{table(t), table(t, Route{Prefix: "/a/b"})} {
		for _, path := range []string{"/", "/a", "/a/", "/a/bc", "*", ""} {
			m := table.Match(ask("GET", path))
			if m.Rule != nil || m.Caller() != CallerRequired || m.Where() != "" {
				t.Errorf("%q: %+v", path, m)
			}
			if d := m.Decide(ask("GET", path), claims.New(claims.Values{}), time.Now()); d.Verdict != NoRoute {
				t.Errorf("%q: %+v", path, d)
			}
		}
	}
}

// Two routes for the same are a mistake.
func TestNewConflicts(t *testing.T) {
	f := func(want string, routes ...Route) {
		t.Helper()
		_, err := New(routes, nil)
		if err == nil || err.Error() != want {
			t.Errorf("err = %v, want %s", err, want)
		}
	}
	f("routes[1]: GET /a/ is also in routes[0]", Route{Prefix: "/a", Methods: []string{"GET", "POST"}}, Route{Prefix: "/a/", Methods: []string{"GET"}})
	f("routes[1]: /a without methods is also in routes[0]", Route{Prefix: "/a"}, Route{Prefix: "/a"})
	if _, err := New([]Route{{Prefix: "/a"}, {Prefix: "/a", Methods: []string{"GET"}}, {Prefix: "/a", Methods: []string{"HEAD"}}}, nil); err != nil {
		t.Error(err)
	}
}

// many is a table of n routes, of which no two are alike.
func many(t testing.TB, n int) *Table {
	routes := []Route{{Prefix: "/orders", Methods: []string{"GET"}, Roles: []string{"customer"}}}
	for i := range n - 1 {
		routes = append(routes, Route{Prefix: fmt.Sprintf("/svc%d/v1/things", i), Roles: []string{"x"}})
	}
	return table(t, routes...)
}

// 10,000 routes cost what 10 cost.
func BenchmarkMatch(b *testing.B) {
	caller := claims.New(claims.Values{Subject: "s", Roles: []string{"customer"}})
	now := time.Now()
	for _, n := range []int{10, 100, 1000, 10000} {
		table := many(b, n)
		r := ask("GET", "/orders/1234/lines/7")
		b.Run(fmt.Sprintf("routes=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := table.Match(r)
				if d := m.Decide(r, caller, now); d.Verdict != Allowed {
					b.Fatal(d)
				}
			}
		})
	}
}

func TestMatchAllocations(t *testing.T) {
	table := many(t, 100)
	caller := claims.New(claims.Values{Subject: "s", Roles: []string{"customer"}})
	now := time.Now()
	r := ask("GET", "/orders/1234/lines/7")
	if n := testing.AllocsPerRun(100, func() {
		m := table.Match(r)
		m.Decide(r, caller, now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A path of slashes alone is looked at once.
func TestMatchLongPath(t *testing.T) {
	table := many(t, 100)
	path := strings.Repeat("/a", 4<<10)
	if m := table.Match(ask("GET", path)); m.Rule != nil {
		t.Errorf("%+v", m.Rule)
	}
}
