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

// Two values never have the same encoding, and each comes back.
func TestText(t *testing.T) {
	f := func(s string, separator byte, want string) {
		t.Helper()
		got := Text(s, separator)
		back, ok := ParseText(got)
		if got != want || back != s || !ok {
			t.Errorf("%q is %q and comes back as %q, %v; want %q", s, got, back, ok, want)
		}
	}
	f("", 0, "")
	f("customer-1", 0, "customer-1")
	f("auth0|abc@clients", 0, "auth0|abc@clients")
	f("Domain Admins", ',', "Domain Admins")
	f("CN=Ops,OU=Groups", ',', "CN=Ops%2COU=Groups")
	f("CN=Ops,OU=Groups", 0, "CN=Ops,OU=Groups")
	f("Müller", 0, "M%C3%BCller")
	f("管理", 0, "%E7%AE%A1%E7%90%86")
	f("100%", 0, "100%25")
	f("%41", 0, "%2541")
	f(" a ", 0, "%20a%20")
	f(" ", 0, "%20")
	f("a\r\nX-Auth-Roles: admin\x00\x7f", 0, "a%0D%0AX-Auth-Roles: admin%00%7F")
	for _, bad := range []string{"%", "%4", "%zz", "%4g", "%c3", "a%"} {
		if got, ok := ParseText(bad); ok {
			t.Errorf("%q is taken for the encoding of %q", bad, got)
		}
	}
	c := New(Values{Roles: []string{"Domain Admins", "a,b", "ü"}})
	if got, want := c.RoleList(), "Domain Admins,a%2Cb,%C3%BC"; got != want {
		t.Errorf("roles %q, want %q", got, want)
	}
}
