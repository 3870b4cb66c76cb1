package policy

import (
	"net/netip"
	"testing"
)

func TestParseAddress(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		a, ok := ParseAddress([]byte(s))
		if got := a.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s, %v; want %q", s, got, ok, want)
		}
	}
	f("192.0.2.1", "192.0.2.1")
	f(" 192.0.2.1\t", "192.0.2.1")
	f("192.0.2.1:4711", "192.0.2.1")
	f(`"192.0.2.1:4711"`, "192.0.2.1")
	f("2001:db8::1", "2001:db8::1")
	f("[2001:db8::1]", "2001:db8::1")
	f("[2001:db8::1]:4711", "2001:db8::1")
	f(`"[2001:db8::1]:4711"`, "2001:db8::1")
	f("fe80::1%eth0", "fe80::1")
	f("[fe80::1%eth0]:80", "fe80::1")
	f("::ffff:192.0.2.1", "192.0.2.1")
	f("[::ffff:192.0.2.1]:80", "192.0.2.1")
	for _, s := range []string{
		"", " ", "unknown", "_hidden", "192.0.2", "192.0.2.1.", "192.0.2.256", "192.0.2.01", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456",
		"[192.0.2.1]", "[2001:db8::1", "[2001:db8::1]x", "[2001:db8::1]:", "2001:db8::1]", `"192.0.2.1`, ".1.2.3", "1.2.3.4.5", "1..2.3", "::1%",
	} {
		f(s, "")
	}
}

func TestRateKey(t *testing.T) {
	f := func(a, b string, same bool) {
		t.Helper()
		if x, y := RateKey(netip.MustParseAddr(a)), RateKey(netip.MustParseAddr(b)); (x == y) != same {
			t.Errorf("%s counts as %s, %s as %s", a, x, b, y)
		}
	}
	f("192.0.2.1", "192.0.2.1", true)
	f("192.0.2.1", "192.0.2.2", false)
	f("::ffff:192.0.2.1", "192.0.2.1", true)
	f("2001:db8::1", "2001:db8::ffff:0:0:1", true)
	f("2001:db8::1", "2001:db8:0:1::1", false)
	f("fe80::1%eth0", "fe80::2%eth1", true)
	if got := RateKey(netip.Addr{}); got.IsValid() {
		t.Errorf("no address counts as %s", got)
	}
}

// parseIPv4 reads what netip reads, and nothing else.
func FuzzParseIPv4(f *testing.F) {
	for _, s := range []string{"1.2.3.4", "0.0.0.0", "255.255.255.255", "1.2.3", "01.2.3.4", "256.1.1.1", "::1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		want, err := netip.ParseAddr(string(s))
		got, ok := parseIPv4(s)
		if ok != (err == nil && want.Is4()) || ok && got != want {
			t.Errorf("%q: %v, %v; netip says %v, %v", s, got, ok, want, err)
		}
	})
}

func TestParseAddressAllocations(t *testing.T) {
	s := []byte("192.0.2.1:4711")
	if n := testing.AllocsPerRun(100, func() { ParseAddress(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
