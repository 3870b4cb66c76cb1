package freeport

import (
	"net"
	"testing"
)

// What is picked is free, below what systems hand out, and not picked again
// soon; what is in use is passed over.
func TestPick(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		addr, err := Pick()
		if err != nil || seen[addr] {
			t.Fatalf("%q, again: %v, %v", addr, seen[addr], err)
		}
		seen[addr] = true
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; port < first || port >= first+ports {
			t.Errorf("port %d", port)
		}
	}
	next.Add(^uint32(49)) // back to the first of them, which are in use now
	if addr, err := Pick(); err != nil || seen[addr] {
		t.Errorf("%q is in use, %v", addr, err)
	}
}
