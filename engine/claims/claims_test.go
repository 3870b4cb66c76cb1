package claims

import (
	"fmt"
	"slices"
	"testing"
)

// New copies the lists, however long they are.
func TestNew(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 8, 9, 30} {
		list := func(kind string) (names []string) {
			for i := range n {
				names = append(names, fmt.Sprint(kind, i))
			}
			return names
		}
		v := Values{Audience: list("a"), Scopes: list("s"), Roles: list("r")}
		c := New(v)
		for _, names := range [][]string{v.Audience, v.Scopes, v.Roles} {
			clear(names) // they are the caller's again
		}
		if !slices.Equal(slices.Collect(c.Audience()), list("a")) ||
			!slices.Equal(slices.Collect(c.Scopes()), list("s")) ||
			!slices.Equal(slices.Collect(c.Roles()), list("r")) {
			t.Errorf("%d names in each list: %v", n, c.v)
		}
	}
}

func TestLists(t *testing.T) {
	c := New(Values{Audience: []string{"orders", "reports"}, Scopes: []string{"read", "write"}, Roles: []string{"customer"}})
	if !c.HasAudience("reports") || c.HasAudience("report") || !c.HasScope("write") || c.HasScope("read write") || c.HasScope("") ||
		!c.HasRole("customer") || c.HasRole("Customer") {
		t.Error("a name is not where it is, or is where it is not")
	}
	if c.ScopeList() != "read write" || c.RoleList() != "customer" {
		t.Errorf("%q, %q", c.ScopeList(), c.RoleList())
	}
	for name := range c.Scopes() {
		if name != "read" {
			t.Errorf("%q came first", name)
		}
		break // which each must bear
	}
	if n := testing.AllocsPerRun(100, func() {
		for range c.Roles() {
			c.HasScope("write")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestIsRole(t *testing.T) {
	for _, name := range []string{"admin", "a.b:c/d", "Ünter-Rolle", "管理者", `"`, "\\"} {
		if !IsRole(name) {
			t.Errorf("%q is none", name)
		}
	}
	for _, name := range []string{"", ",", "a,b", " a", "a ", "a b", "a\tb", "a\r\nX-Auth-Roles: admin", "\x00", "a\x7f", "a\u0085", "a\u00a0b", "a\u2028", "a\u3000"} {
		if IsRole(name) {
			t.Errorf("%q is one", name)
		}
	}
}
