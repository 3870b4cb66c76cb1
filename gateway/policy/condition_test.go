package policy

import (
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// pairs are header fields, name and value in turn.
type pairs []string

func (p pairs) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for i := 0; i < len(p); i += 2 {
			if !yield([]byte(p[i]), []byte(p[i+1])) {
				return
			}
		}
	}
}

const payload = `{"sub":"s","tenant":"shop","level":3,"ratio":2.5,"big":9007199254740993,"email":"a@b.example","email_verified":true,"acr":"2","auth_time":1700000000,
"groups":["staff","Domain Admins","CN=Ops,OU=Groups"],"nothing":null,"realm_access":{"roles":["r1","r2"]},"kubernetes.io":{"namespace":"ns"},"a.b":"dotted","name":"Müller"}`

func caller(roles ...string) *claims.Claims {
	return claims.New(claims.Values{Subject: "s", Roles: roles, Payload: payload})
}

func shopRequest() *Request {
	return &Request{
		Method: []byte("POST"), Host: []byte("Shop.example:8443"), Path: []byte("/orders/7"), Query: []byte("a=b&c=%2F"),
		Source: netip.MustParseAddr("192.0.2.7"), Headers: pairs{"X-Tenant", "shop", "Accept", "a", "accept", "b"},
	}
}

// What conditions can say, and what each then decides.
func TestCondition(t *testing.T) {
	f := func(when string, want Verdict) {
		t.Helper()
		table := table(t, Route{Prefix: "/", When: when})
		r := shopRequest()
		m := table.Match(r)
		if got := m.Decide(r, caller(), time.Now()); got.Verdict != want || (want == WrongCondition) != (got.Why != "") {
			t.Errorf("%s: %+v, want verdict %d", when, got, want)
		}
	}
	f(`claims.tenant == request.host.split(".")[0]`, Allowed)
	f(`claims.tenant == "other"`, WrongCondition)
	f(`request.method == "POST" && request.path.startsWith("/orders/") && request.query.contains("a=b")`, Allowed)
	f(`request.host == "shop.example"`, Allowed)
	f(`request.headers["x-tenant"] == claims.tenant`, Allowed)
	f(`request.headers["accept"] == "a, b"`, Allowed)
	f(`"x-none" in request.headers`, WrongCondition)
	f(`!("x-none" in request.headers)`, Allowed)
	f(`request.headers["x-none"] == ""`, WrongCondition) // an error refuses
	f(`source.ip == "192.0.2.7"`, Allowed)
	f(`cidr("192.0.2.0/24").containsIP(source.ip)`, Allowed)
	f(`cidr("10.0.0.0/8").containsIP(source.ip)`, WrongCondition)
	f(`claims.level >= 3 && claims.ratio > 2.4 && claims.level < 4.5`, Allowed)
	f(`claims.big == 9007199254740993`, Allowed)
	f(`claims.email_verified`, Allowed)
	f(`claims.email.endsWith("@b.example")`, Allowed)
	f(`"Domain Admins" in claims.groups`, Allowed)
	f(`claims.groups.exists(g, g.startsWith("CN="))`, Allowed)
	f(`claims.realm_access.roles == ["r1", "r2"]`, Allowed)
	f(`claims["kubernetes.io"].namespace == "ns"`, Allowed)
	f(`claims.name == "Müller"`, Allowed)
	f(`has(claims.department)`, WrongCondition)
	f(`claims.department == "x"`, WrongCondition) // no such claim
	f(`claims.department == "x" || true`, Allowed)
	f(`claims.tenant`, WrongCondition)     // not a bool
	f(`claims.tenant > 3`, WrongCondition) // not comparable
	f(`claims.level / 0 == 1`, WrongCondition)
	f(`claims.groups[99] == ""`, WrongCondition)
	// a bounded cost, however much there is to do
	f(`claims.groups.all(a, claims.groups.all(b, claims.groups.all(c, claims.groups.all(d, claims.groups.all(e, claims.groups.all(f, claims.groups.all(g,
		claims.groups.all(h, claims.groups.all(i, a + b + c + d + e + f + g + h + i != "")))))))))`, WrongCondition)
}

// What cannot be is an error when the configuration is read, with its place.
func TestConditionErrors(t *testing.T) {
	f := func(when, want string) {
		t.Helper()
		_, err := New([]Route{{Prefix: "/"}, {Prefix: "/a", When: when}}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "routes[1].when: "+want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: err = %v, want %s", when, err, want)
		}
	}
	f(`clams.tenant == "x"`, "undeclared reference to 'clams' (did you mean 'claims'?), at line 1, column 1 of the expression")
	f("true &&\n request.hsot == \"x\"", "undeclared reference to 'request.hsot' (did you mean 'request.host'?), at line 2, column 9 of the expression")
	f(`request.method == 3`, "found no matching overload for '_==_' applied to '(string, int)', at line 1, column 16 of the expression")
	f(`claims.tenant ==`, "Syntax error: ")
	f(`request.method`, "want an expression that is true or false, this is of type string")
	f(`request.path.matches("(")`, "")
	f(strings.Repeat("true && ", 1000)+"true", "expression code point size exceeds limit")
	if _, err := New([]Route{{Prefix: "/", Public: true, When: `claims.tenant == "x"`}}, nil); err == nil || err.Error() != "routes[0].when: a public route knows no claims" {
		t.Error(err)
	}
}

// A caller who is nobody has no claims; a public route can ask for other things.
func TestConditionWithoutCaller(t *testing.T) {
	f := func(route Route, want Verdict) {
		t.Helper()
		route.Prefix = "/"
		r := shopRequest()
		table := table(t, route)
		m := table.Match(r)
		if got := m.Decide(r, nil, time.Now()); got.Verdict != want {
			t.Errorf("%s: %+v, want verdict %d", route.When, got, want)
		}
	}
	f(Route{Public: true, When: `source.ip == "192.0.2.7"`}, Allowed)
	f(Route{Public: true, When: `source.ip != "192.0.2.7"`}, WrongCondition)
	f(Route{Optional: true, When: `has(claims.tenant) && claims.tenant == "shop"`}, WrongCondition)
	f(Route{Optional: true, When: `!has(claims.sub)`}, Allowed)
	f(Route{Optional: true, When: `claims.tenant == "shop"`}, WrongCondition)
	f(Route{When: `true`}, NoCaller)
}

func TestConditionCost(t *testing.T) {
	// The most expensive condition that is allowed stays within milliseconds.
	c, err := newCondition(`claims.groups.all(a, claims.groups.all(b, claims.groups.all(c, claims.groups.all(d, claims.groups.all(e, (a+b+c+d+e).matches("(x+x+)+y") == false)))))`)
	if err != nil {
		t.Fatal(err)
	}
	doc := document{}
	var groups []any
	for i := range 300 {
		groups = append(groups, fmt.Sprint(strings.Repeat("x", 100), i))
	}
	doc["groups"] = groups
	began := time.Now()
	ok, err := c.holds(shopRequest(), doc)
	if ok || err == nil || !strings.Contains(err.Error(), "cost limit exceeded") {
		t.Errorf("%v, %v", ok, err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
}

func BenchmarkCondition(b *testing.B) {
	for _, when := range []string{
		`source.ip == "192.0.2.7"`,
		`request.method == "POST" && request.path.startsWith("/orders/")`,
		`claims.tenant == "shop"`,
		`claims.tenant == request.host.split(".")[0]`,
		`"staff" in claims.groups && request.headers["x-tenant"] == claims.tenant`,
	} {
		table := table(b, Route{Prefix: "/", When: when})
		r, who, now := shopRequest(), caller(), time.Now()
		b.Run("when="+strings.ReplaceAll(when, " ", ""), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := table.Match(r)
				if d := m.Decide(r, who, now); d.Verdict != Allowed {
					b.Fatal(d)
				}
			}
		})
	}
}
