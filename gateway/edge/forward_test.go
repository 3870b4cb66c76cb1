package edge

import (
	"bufio"
	"bytes"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// bareLane is a lane that forwards without a socket.
func bareLane() *lane {
	return &lane{s: &Server{}, x: exchange{set: &Settings{GatewayField: []byte("X-Auth-Gateway: me\r\n")}}, mem: new(memory), remote: netip.MustParseAddr("192.0.2.1")}
}

// A head that is accepted is forwarded as one that net/http reads the same way
// as the one that came.
func FuzzForward(f *testing.F) {
	for _, s := range []string{
		"GET /a?b HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n",
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: x\r\nX: y\r\n\r\nabc",
		"POST http://h/%41 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.0\r\nx_auth_subject: a\r\nX-Forwarded-For: b\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\nCookie: a\r\nCookie: b\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	d := &decision{route: &Route{Rule: new(policy.Rule), host: []byte("up:80")}, who: Identity{
		Token: []byte("tok"), Claims: claims.New(claims.Values{Subject: "s", ClientID: "c", TokenID: "j", Roles: []string{"a", "b"}, Scopes: []string{"x", "y"}}),
	}}
	f.Fuzz(func(t *testing.T, in []byte) {
		c := bareLane()
		n, err := c.mem.req.Parse(in, 0, wire.Limits{Head: 16 << 10, Target: 8 << 10, Fields: 100})
		if n == 0 || err != nil {
			return
		}
		r := &c.mem.req
		theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(in[:n])))
		if err != nil {
			// net/http parses the target as a URL, and knows some that are none.
			t.Fatalf("accepted what net/http does not: %v\n%q", err, in[:n])
		}
		c.x.id = newID()
		head, ok := c.appendRequest(nil, d, framing{length: r.ContentLength, chunked: r.Chunked})
		if !ok {
			t.Fatalf("not forwarded: %q", in[:n])
		}
		again, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			t.Fatalf("forwarded what net/http does not read: %v\n%q\n%q", err, in[:n], head)
		}
		if again.Method != theirs.Method || again.RequestURI != string(r.Target) || again.ContentLength != theirs.ContentLength ||
			len(again.TransferEncoding) != len(theirs.TransferEncoding) || r.Minor == 1 && again.Host != theirs.Host {
			t.Fatalf("another request:\n%q\n%q", in[:n], head)
		}
		for name, values := range again.Header {
			if strings.HasPrefix(name, "X-Auth-") || name == "Authorization" {
				if len(values) != 1 {
					t.Fatalf("%s: %q", name, values)
				}
			}
		}
		if got := again.Header.Get("X-Auth-Roles"); got != "a,b" {
			t.Fatalf("roles %q", got)
		}
		// Every field of the client's that is forwarded has its very value.
		for i := range r.List {
			if l := &r.List[i]; l.Name == wire.Other && bytes.Contains(r.Append(nil), append(bytes.Clone(l.Key), ':')) {
				key := http.CanonicalHeaderKey(string(l.Key))
				if key != "Pragma" && key != "Cache-Control" && strings.Join(again.Header[key], "\n") != strings.Join(theirs.Header[key], "\n") {
					t.Fatalf("%s: %q came, %q was forwarded", key, theirs.Header[key], again.Header[key])
				}
			}
		}
	})
}

// The zero-allocation promise of the plain path: reading a head, deciding on
// its route and writing the head that goes upstream.
func TestForwardAllocations(t *testing.T) {
	c := bareLane()
	in := []byte("GET /orders/1?x=%20y HTTP/1.1\r\nHost: h\r\nUser-Agent: a\r\nAccept: */*\r\nAuthorization: Bearer t\r\nCookie: a=b\r\nConnection: keep-alive\r\n\r\n")
	who := Identity{Token: []byte("t"), Claims: claims.New(claims.Values{Subject: "s", Roles: []string{"customer"}})}
	table, err := policy.New([]policy.Route{{Prefix: "/orders", Methods: []string{"GET"}, Roles: []string{"customer"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.x.set = &Settings{Table: table, Routes: []*Route{{Rule: table.Rules()[0]}}}
	c.s.auth = known{who}
	lim := wire.Limits{Head: 16 << 10, Target: 8 << 10, Fields: 100}
	now := time.Now()
	var out []byte
	n := testing.AllocsPerRun(100, func() {
		r := &c.mem.req
		if used, err := r.Parse(in, 0, lim); used != len(in) || err != nil {
			t.Fatal(used, err)
		}
		asked := c.ask()
		c.x.match = table.Match(asked)
		d := c.s.decide(c.x.set, asked, &c.x.match, presented(r), now)
		if d.outcome != Allowed {
			t.Fatal(d.outcome)
		}
		c.x.id = newID()
		out, _ = c.appendRequest(out[:0], &d, framing{length: -1})
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// known authenticates everybody as one and the same.
type known struct{ who Identity }

func (k known) Authenticate(Presented, time.Time) (Identity, Outcome) { return k.who, Allowed }
func (k known) Token(p Presented) ([]byte, Outcome)                   { return k.who.Token, Allowed }
func (k known) Explain(Presented, time.Time) (code, detail string)    { return "", "" }
func (k known) Revoked(*claims.Claims) bool                           { return false }

// What rewriting leaves is as strict as what came: the reader of requests takes it,
// and finds nothing in it that the request did not have.
func FuzzRewrite(f *testing.F) {
	for _, s := range []string{"/api/x?y", "/%61pi/%2e%2e", "/api//x", "/api/a%2fb", "/u/a../b", "/u/x%3fy", "/api", "/u/..;x", "/u/%25/é", "/u.%3f0"} {
		f.Add([]byte(s))
	}
	every := []string{"semicolons", "empty_segments", "encoded_delimiters", "brackets", "latin1"}
	table, err := policy.New([]policy.Route{
		{Prefix: "/api", StripPrefix: true, EncodedSlashes: true, PathAllows: every},
		{Regex: "/u(.*)", Rewrite: "/v/$1", EncodedSlashes: true, PathAllows: every},
		{Prefix: "/", Rewrite: "/w", EncodedSlashes: true, PathAllows: every},
	}, nil)
	if err != nil {
		f.Fatal(err)
	}
	lim := wire.Limits{Target: 8 << 10}
	f.Fuzz(func(t *testing.T, target []byte) {
		var r, made wire.Request
		if r.SetTarget([]byte("GET"), target, lim) != nil {
			return
		}
		asked := &policy.Request{Method: r.Method, Path: r.Path, Needs: r.Needs}
		m := table.Match(asked)
		if m.Rule == nil {
			return
		}
		out, ok := m.Rule.AppendTarget(nil, r.Target, asked, "/base")
		if !ok {
			return
		}
		if err := made.SetTarget([]byte("GET"), out, wire.Limits{Target: 64 << 10}); err != nil {
			t.Fatalf("%q became %q: %v", target, out, err)
		}
		if made.Needs&^(r.Needs|policy.EmptySegments|policy.Semicolons|policy.EncodedDelimiters) != 0 || r.Needs == 0 && made.Needs&^policy.EmptySegments != 0 {
			t.Fatalf("%q needs %b, %q needs %b", target, r.Needs, out, made.Needs)
		}
	})
}
