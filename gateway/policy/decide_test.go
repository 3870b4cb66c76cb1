package policy

import (
	"reflect"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// The zero value of every verdict refuses.
func TestZeroRefuses(t *testing.T) {
	var v Verdict
	if v == Allowed {
		t.Error("the zero verdict allows")
	}
	var m Match
	for _, c := range []*claims.Claims{nil, claims.New(claims.Values{})} {
		if d := m.Decide(&Request{}, c, time.Time{}); d.Verdict == Allowed || (Decision{}).Verdict == Allowed {
			t.Errorf("a zero match allows: %+v", d)
		}
	}
	if m.Caller() != CallerRequired {
		t.Error("a zero match needs nobody")
	}
}

func TestDecide(t *testing.T) {
	table := table(t,
		Route{Prefix: "/roles", Roles: []string{"a", "b"}},
		Route{Prefix: "/scopes", Scopes: []string{"x", "y"}},
		Route{Prefix: "/both", Roles: []string{"a"}, Scopes: []string{"x"}},
		Route{Prefix: "/any"},
		Route{Prefix: "/public", Methods: []string{"GET"}, Public: true},
		Route{Prefix: "/closed", Methods: []string{"GET"}},
	)
	caller := func(roles, scopes []string) *claims.Claims {
		return claims.New(claims.Values{Subject: "s", Roles: roles, Scopes: scopes})
	}
	f := func(method, path string, c *claims.Claims, want Decision) {
		t.Helper()
		r := ask(method, path)
		m := table.Match(r)
		if got := m.Decide(r, c, time.Now()); !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s: %+v, want %+v", method, path, got, want)
		}
	}
	allowed := Decision{Verdict: Allowed}
	f("GET", "/roles", nil, Decision{Verdict: NoCaller})
	f("GET", "/roles", caller(nil, nil), Decision{Verdict: WrongRole})
	f("GET", "/roles", caller([]string{"B"}, nil), Decision{Verdict: WrongRole})
	f("GET", "/roles", caller([]string{"b"}, nil), allowed)
	lacking := Decision{Verdict: WrongScope, Challenge: `Bearer error="insufficient_scope", scope="x y"`}
	f("GET", "/scopes", caller(nil, []string{"x"}), lacking)
	f("GET", "/scopes", caller(nil, []string{"y", "x"}), allowed)
	f("GET", "/both", caller(nil, nil), Decision{Verdict: WrongRole})
	f("GET", "/both", caller([]string{"a"}, nil), Decision{Verdict: WrongScope, Challenge: `Bearer error="insufficient_scope", scope="x"`})
	f("GET", "/any", nil, Decision{Verdict: NoCaller})
	f("GET", "/any", caller(nil, nil), allowed)
	f("GET", "/public", nil, allowed)
	f("GET", "/public", caller(nil, nil), allowed)
	// a method that a path does not take: a stranger learns of it where the path is public
	f("POST", "/public", nil, Decision{Verdict: WrongMethod, Allow: "GET, HEAD"})
	f("POST", "/closed", nil, Decision{Verdict: NoCaller})
	f("POST", "/closed", caller(nil, nil), Decision{Verdict: WrongMethod, Allow: "GET, HEAD"})
	f("GET", "/nothing", nil, Decision{Verdict: NoCaller})
	f("GET", "/nothing", caller(nil, nil), Decision{})
}
