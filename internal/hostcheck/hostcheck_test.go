package hostcheck

import (
	"net"
	"testing"
)

func TestAllowed(t *testing.T) {
	names := []string{"metrics.internal", "10.0.0.9"}
	f := func(host, local string, want bool) {
		t.Helper()
		addr, err := net.ResolveTCPAddr("tcp", local)
		if err != nil {
			t.Fatal(err)
		}
		if got := Allowed(host, addr, names); got != want {
			t.Errorf("Host %q at %s: %v, not %v", host, local, got, want)
		}
	}
	loopback, pod := "127.0.0.1:8081", "10.1.2.3:8081"
	// Loopback, by every name.
	f("localhost", loopback, true)
	f("LocalHost:8081", loopback, true)
	f("localhost.", loopback, true)
	f("127.0.0.1:8081", loopback, true)
	f("127.9.9.9", loopback, true)
	f("[::1]:8081", loopback, true)
	f("[::1]", loopback, true)
	f("[::ffff:127.0.0.1]", loopback, true)
	// The address itself: probes of Kubernetes.
	f("10.1.2.3:8081", pod, true)
	f("10.1.2.3", pod, true)
	f("[fe80::1]:8081", "[fe80::1%lo]:8081", true)
	// What is configured, and HTTP/1.0.
	f("metrics.internal:9000", pod, true)
	f("METRICS.internal.", pod, true)
	f("10.0.0.9:8081", pod, true)
	f("", pod, true)
	// Names that lead here, and other addresses.
	f("attacker.example", loopback, false)
	f("attacker.example:8081", loopback, false)
	f("localhost.attacker.example", loopback, false)
	f("127.0.0.1.nip.io:8081", loopback, false)
	f("10.1.2.4:8081", pod, false)
	f("0.0.0.0:8081", loopback, false)
	f("localhost:8081@attacker.example", loopback, false)
	f("localhost:x", loopback, false)
	f("metrics.internal.attacker.example", pod, false)
	f("2130706433", loopback, false)
	f("[::1", loopback, false)
	f(" localhost", loopback, false)
}

func TestCheckName(t *testing.T) {
	f := func(name string, want bool) {
		t.Helper()
		if got := CheckName(name); got != want {
			t.Errorf("%q: %v, not %v", name, got, want)
		}
	}
	f("metrics.internal", true)
	f("10.0.0.9", true)
	f("::1", true)
	f("", false)
	f("metrics:8081", false)
	f("http://metrics", false)
	f("*.internal", false)
}
