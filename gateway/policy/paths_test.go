package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// taken is the index of the route that takes a request, -1 for none and -2 for
// a path that no route allows.
func taken(table *Table, r *Request) int {
	m := table.Match(r)
	switch {
	case m.ambiguous:
		return -2
	case m.Rule == nil:
		return -1
	}
	return m.Rule.Index
}

func TestHosts(t *testing.T) {
	table := table(t,
		Route{Prefix: "/"},
		Route{Host: "shop.example", Prefix: "/orders"},
		Route{Host: "*.shop.example", Prefix: "/orders"},
		Route{Host: "*.example", Prefix: "/"},
		Route{Host: "Admin.Shop.Example", Prefix: "/", Methods: []string{"GET"}},
		Route{Host: "*.shop.example", Path: "/health"},
		Route{Host: "[::1]", Prefix: "/six"},
	)
	f := func(host, path string, want int) {
		t.Helper()
		r := ask("POST", path)
		r.Host = []byte(host)
		if got := taken(table, r); got != want {
			t.Errorf("%s%s: routes[%d], want routes[%d]", host, path, got, want)
		}
	}
	f("shop.example", "/orders/1", 1)
	f("SHOP.example:8080", "/orders", 1)
	f("shop.example.", "/orders", 1)
	f("shop.example", "/x", 3) // *.example
	f("a.shop.example", "/orders", 2)
	f("b.a.shop.example", "/orders", 2)
	f("a.shop.example", "/health", 5)
	f("a.shop.example", "/x", 3)
	f("shop.example", "/health", 3)        // not below itself
	f("admin.shop.example", "/orders", -1) // its methods are the last word
	f("xshop.example", "/orders", 3)
	f("example", "/orders", 0)
	f("", "/orders", 0)
	f("[::1]:80", "/six", 6)
	f("[::1]", "/six", 6)
	f("[::2]", "/six", 0)
	f(strings.Repeat("a.", 200)+"shop.example", "/orders", 0) // longer than a name can be
	f(".shop.example", "/orders", 2)
}

func TestKindsOfPaths(t *testing.T) {
	table := table(t,
		Route{Prefix: "/"},
		Route{Prefix: "/orders"},
		Route{Path: "/orders"},
		Route{Path: "/orders/"},
		Route{Regex: `/orders/[0-9]+`},
		Route{Regex: `/orders/[0-9]+/lines/[^/]+`},
		Route{Regex: `/orders/[0-9a-f]+`, Methods: []string{"GET"}},
		Route{Prefix: "/orders/7"},
		Route{Regex: `/.*\.css`},
		Route{Regex: `(?i)/ADMIN(/.*)?`},
	)
	f := func(path string, want int) {
		t.Helper()
		if got := taken(table, ask("POST", path)); got != want {
			t.Errorf("%s: routes[%d], want routes[%d]", path, got, want)
		}
	}
	f("/orders", 2)
	f("/orders/", 3)
	f("/orders/1", 4)
	f("/orders/1x", 1)
	f("/orders/a", -1) // the third regex, whose methods are the last word
	f("/orders/1/lines/x", 5)
	f("/orders/1/lines/x/y", 1)
	f("/orders/7", 7) // the longer beginning
	f("/orders/x.css", 1)
	f("/x.css", 8)
	f("/x.css/y", 0)
	f("/admin", 9)
	f("/Admin/x", 9)
	f("/administer", 0)
}

// The beginning of a regex is one that every path it matches has.
func TestRegexBeginning(t *testing.T) {
	f := func(source, want string) {
		t.Helper()
		got, err := regexBeginning(source)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", source, got, err, want)
		}
	}
	f(`/orders/[0-9]+`, "/orders")
	f(`^/orders/[0-9]+$`, "/orders")
	f(`/orders(/.*)?`, "")
	f(`/orders/?`, "")
	f(`/a/b/c`, "/a/b")
	f(`/a/b|/a/c`, "/a")
	f(`/a/b|/c/d`, "")
	f(`(?i)/a/b/c`, "")
	f(`/a/(?i:b)/c`, "/a")
	f(`.*`, "")
	f(`/a/b*`, "/a")
	f(`/a/\.x/.`, "/a/.x")
	f(`(/a/b)/c`, "")
}

// What has more than one reading passes only where its route allows it, and
// only for callers who may use the other reading's route too.
func TestLenientPaths(t *testing.T) {
	table := table(t,
		Route{Prefix: "/"},
		Route{Prefix: "/files", EncodedSlashes: true, Public: true},
		Route{Prefix: "/files/x/admin", Roles: []string{"admin"}},
		Route{Prefix: "/files/x/read", Methods: []string{"GET"}},
		Route{Prefix: "/matrix", PathAllows: []string{"semicolons", "brackets", "latin1"}},
		Route{Prefix: "/matrix/é", Roles: []string{"admin"}},
		Route{Prefix: "/loose", PathAllows: []string{"empty_segments", "encoded_delimiters"}},
		Route{Prefix: "/loose/in", Roles: []string{"admin"}},
		Route{Regex: `/projects/[^/]+/releases`, EncodedSlashes: true},
	)
	admin, nobody := claims.New(claims.Values{Roles: []string{"admin"}}), claims.New(claims.Values{})
	f := func(path string, needs Leniency, c *claims.Claims, want Verdict) {
		t.Helper()
		r := &Request{Method: []byte("POST"), Path: []byte(path), Needs: needs}
		m := table.Match(r)
		if got := m.Decide(r, c, time.Now()); got.Verdict != want {
			t.Errorf("%s: verdict %d, want %d", path, got.Verdict, want)
		}
	}
	f("/x%2fy", EncodedSlashes, admin, AmbiguousPath)
	f("/files/a%2fb", EncodedSlashes, nil, Allowed)
	f("/files/a;b", Semicolons, nil, AmbiguousPath)
	f("/files/a%2fb;c", EncodedSlashes|Semicolons, nil, AmbiguousPath)
	f("/files/x%2fadmin", EncodedSlashes, nil, NoCaller)
	f("/files/x%2Fadmin%2f1", EncodedSlashes, nobody, WrongRole)
	f("/files/x%2fadmin", EncodedSlashes, admin, Allowed)
	f("/files/x%2fread", EncodedSlashes, admin, AmbiguousPath) // POST is nobody's there
	f("/files%2fx", EncodedSlashes, admin, AmbiguousPath)      // another route's, which allows none
	f("/matrix/a;b=c/d", Semicolons, nobody, Allowed)
	f("/matrix;x/a", Semicolons, nobody, AmbiguousPath)
	f("/matrix/[1]", Brackets, nobody, Allowed)
	f("/matrix/caf\xe8", Latin1, nobody, Allowed)
	f("/matrix/\xe9", Latin1, nobody, WrongRole)
	f("/matrix/\xe9/x", Latin1, admin, Allowed)
	f("/loose//a", EmptySegments, nobody, Allowed)
	f("/loose//in", EmptySegments, nobody, WrongRole)
	f("/loose/in?x", EncodedDelimiters, nobody, WrongRole)
	f("/loose/in?x", EncodedDelimiters, admin, Allowed)
	f("/loose/a#in", EncodedDelimiters, nobody, Allowed)
	f("/projects/g%2fp/releases", EncodedSlashes, nobody, Allowed)
	f("/nothing//x", EmptySegments, admin, AmbiguousPath)
}

func TestCheckRoute(t *testing.T) {
	f := func(want string, r Route) {
		t.Helper()
		_, err := New([]Route{r}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "routes[0]."+want+": ") {
			t.Errorf("%+v: err = %v, want %s: …", r, err, want)
		}
	}
	f("prefix", Route{})
	f("prefix", Route{Host: "a.example"})
	f("prefix", Route{Prefix: "a"})
	f("prefix", Route{Prefix: "/a/../b"})
	f("prefix", Route{Prefix: "/a%2fb"})
	f("prefix", Route{Prefix: "/a", Path: "/a"})
	f("path", Route{Path: "a"})
	f("path", Route{Path: "/a//b"})
	f("regex", Route{Regex: "/a("})
	f("regex", Route{Regex: "orders/.*"})
	f("host", Route{Host: "https://shop.example", Prefix: "/"})
	f("host", Route{Host: "shop.example:80", Prefix: "/"})
	f("host", Route{Host: "a.*.example", Prefix: "/"})
	f("host", Route{Host: "shop..example", Prefix: "/"})
	f("host", Route{Host: "*.", Prefix: "/"})
	f("methods[1]", Route{Prefix: "/", Methods: []string{"GET", "post"}})
	f("methods[0]", Route{Prefix: "/", Methods: []string{"TRACE"}})
	f("methods[0]", Route{Prefix: "/", Methods: []string{"GTE"}})
	f("prefix", Route{Prefix: "/admin/*"})
	f("prefix", Route{Prefix: "/users/:id"})
	f("path", Route{Path: "/users/{id}"})
	f("regex", Route{Regex: "/a%20b"})
	f("roles[1]", Route{Prefix: "/", Roles: []string{"a", ""}})
	f("roles[0]", Route{Prefix: "/", Roles: []string{"a,"}})
	f("roles[0]", Route{Prefix: "/", Roles: []string{" a"}})
	f("scopes[0]", Route{Prefix: "/", Scopes: []string{"a b"}})
	f("scopes[0]", Route{Prefix: "/", Scopes: []string{""}})
	f("path_allows[1]", Route{Prefix: "/", PathAllows: []string{"latin1", "semicolon"}})
	f("public", Route{Prefix: "/", Public: true, Roles: []string{"a"}})
	f("max_body", Route{Prefix: "/", MaxBody: -1})
	f("timeout", Route{Prefix: "/", Timeout: -1})
	f("stream_timeout", Route{Prefix: "/", StreamTimeout: -1})
}

// 10,000 hosts, exact paths and regexes cost what 10 cost.
func BenchmarkMatchKinds(b *testing.B) {
	for _, n := range []int{10, 10000} {
		var routes []Route
		for i := range n {
			host := fmt.Sprintf("h%d.example", i)
			routes = append(routes, Route{Host: host, Prefix: "/v1"}, Route{Host: host, Path: "/v1/health"},
				Route{Host: host, Regex: `/v1/orders/[0-9]+`}, Route{Host: fmt.Sprintf("*.d%d.example", i), Prefix: "/"})
		}
		table := table(b, routes...)
		for _, c := range []struct{ kind, host, path string }{
			{"prefix", "h7.example", "/v1/a/b"}, {"path", "h7.example", "/v1/health"}, {"regex", "h7.example:443", "/v1/orders/1234"},
			{"domain", "a.d7.example", "/v1/a/b"}, {"none", "other.example", "/v1/a/b"},
		} {
			r := ask("GET", c.path)
			r.Host = []byte(c.host)
			b.Run(fmt.Sprintf("kind=%s/routes=%d", c.kind, len(routes)), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					table.Match(r)
				}
			})
		}
	}
}

func TestMatchKindsAllocations(t *testing.T) {
	table := table(t, Route{Host: "h.example", Regex: `/v1/orders/[0-9]+`}, Route{Host: "*.d.example", Path: "/v1"})
	for _, r := range []*Request{
		{Method: []byte("GET"), Host: []byte("H.example:80"), Path: []byte("/v1/orders/7")},
		{Method: []byte("GET"), Host: []byte("a.d.example"), Path: []byte("/v1")},
	} {
		if n := testing.AllocsPerRun(100, func() {
			if m := table.Match(r); m.Rule == nil {
				t.Fatal("no route")
			}
		}); n != 0 {
			t.Errorf("%s%s: %v allocations", r.Host, r.Path, n)
		}
	}
}

func TestCheckRouteDecision(t *testing.T) {
	f := func(want string, r Route) {
		t.Helper()
		if r.Prefix == "" && r.Path == "" && r.Regex == "" {
			r.Prefix = "/"
		}
		_, err := New([]Route{r}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "routes[0]."+want+": ") {
			t.Errorf("%+v: err = %v, want %s: …", r, err, want)
		}
	}
	f("optional", Route{Public: true, Optional: true})
	f("optional", Route{Optional: true, Scopes: []string{"a"}})
	f("public", Route{Public: true, ACR: []string{"1"}})
	f("public", Route{Public: true, RatePerClient: 1})
	f("public", Route{Public: true, ClaimHeaders: map[string]string{"X-A": "a"}})
	f("max_auth_age", Route{MaxAuthAge: -1})
	f("acr[1]", Route{ACR: []string{"1", `2"`}})
	f("authorization", Route{Authorization: "forward"})
	f("rate_per_address", Route{RatePerAddress: -1})
	f("rate_per_client", Route{RatePerClient: -1})
	f("rewrite", Route{Prefix: "/a", StripPrefix: true, Rewrite: "/b"})
	f("strip_prefix", Route{Path: "/a", StripPrefix: true})
	f("rewrite", Route{Prefix: "/a", Rewrite: "b"})
	f("rewrite", Route{Prefix: "/a", Rewrite: "/../b"})
	f("rewrite", Route{Regex: "/a(.*)", Rewrite: "$1"})
	f("rewrite", Route{Regex: "/a(.*)", Rewrite: "/b?x=$1"})
	f("claim_headers", Route{ClaimHeaders: map[string]string{"X-Auth-Subject": "email"}})
	f("claim_headers", Route{ClaimHeaders: map[string]string{"Authorization": "email"}})
	f("claim_headers", Route{ClaimHeaders: map[string]string{"X User": "email"}})
	f("claim_headers", Route{ClaimHeaders: map[string]string{"X-User": ""}})
	f("headers.request.set", Route{Headers: HeaderRules{Request: FieldRules{Set: map[string]string{"Content-Length": "1"}}}})
	f("headers.request.set", Route{Headers: HeaderRules{Request: FieldRules{Set: map[string]string{"X-A": "a\r\nb: c"}}}})
	f("headers.response.remove[0]", Route{Headers: HeaderRules{Response: FieldRules{Remove: []string{"Transfer_Encoding"}}}})
}

// A regex that one before it leaves nothing is a mistake.
func TestUnreachable(t *testing.T) {
	f := func(want string, regexes ...string) {
		t.Helper()
		var routes []Route
		for _, r := range regexes {
			routes = append(routes, Route{Regex: r})
		}
		_, err := New(routes, nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%v: err = %v, want %q", regexes, err, want)
		}
	}
	f("routes[1].regex: can never be reached: routes[0] takes every path that begins with /a/", `/a/.*`, `/a/[0-9]+`)
	f("routes[2].regex: can never be reached: routes[0]", `/a/.+`, `/b/.*`, `/a/x`)
	f("routes[1].regex: can never be reached", `.*`, `/a`)
	f("", `/a/[0-9]+`, `/a/.*`)
	f("", `/a/.*`, `/a/b/[0-9]+`) // the longer beginning comes first
}

// Paths that only look protected are told, with what to do about it.
func TestFindings(t *testing.T) {
	f := func(want string, routes ...Route) {
		t.Helper()
		var got []string
		for _, f := range table(t, routes...).Findings() {
			got = append(got, f.Key+": "+f.Text)
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), want)
		}
	}
	open := Route{Prefix: "/", Public: true}
	f("routes[1].prefix: /ADMIN, /admin. are other paths than /admin here, and go to routes[0], which needs no caller; a service behind may take them for the same. "+
		"Where it does, let routes[1] take them too: regex: '(?i)/admin[.]*(/.*)?'", open, Route{Prefix: "/admin/", Roles: []string{"admin"}})
	f("routes[1].path: /ADMIN, /admin., /admin/ are other paths than /admin here, and go to routes[0], which needs no caller; a service behind may take them for the same. "+
		"Where it does, let routes[1] take them too: regex: '(?i)/admin[.]*(/.*)?'", Route{Prefix: "/", Optional: true, PathAllows: []string{"encoded_delimiters"}}, Route{Path: "/admin"})
	f("", Route{Prefix: "/"}, Route{Prefix: "/admin", Roles: []string{"admin"}})
	f("", Route{Prefix: "/health", Public: true}, Route{Prefix: "/admin", Roles: []string{"admin"}})
	f("", open, Route{Regex: `(?i)/admin[.]*(/.*)?`, Roles: []string{"admin"}})
	f("", open, Route{Regex: `(?i)/admin[.]*(/.*)?`}, Route{Prefix: "/admin", Roles: []string{"admin"}})
	f("", Route{Host: "a.example", Prefix: "/", Public: true}, Route{Host: "b.example", Prefix: "/admin"})
}
