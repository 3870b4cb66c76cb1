// Package hostcheck tells requests to an admin listener by the name they were
// sent to. A web page can have a browser send requests to a name of its own that
// leads to a private address (DNS rebinding), and read the answers; their Host
// field then has that name.
package hostcheck

import (
	"net"
	"net/netip"
	"strings"
)

// Allowed reports whether a request with this Host field, which came in at the
// address local, was sent to the listener itself: to a loopback name or address,
// to the address it came in at, or to one of names, which are compared without
// regard to case and port. A request without Host is no browser's.
func Allowed(host string, local net.Addr, names []string) bool {
	if host == "" {
		return true
	}
	name := host
	if h, port, err := net.SplitHostPort(host); err == nil {
		if strings.Trim(port, "0123456789") != "" {
			return false
		}
		name = h
	} else if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		name = host[1 : len(host)-1]
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		addr = addr.Unmap()
		if addr.IsLoopback() {
			return true
		}
		if at, err := netip.ParseAddrPort(local.String()); err == nil && at.Addr().Unmap().WithZone("") == addr.WithZone("") {
			return true
		}
	}
	name = strings.TrimSuffix(name, ".")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	for _, n := range names {
		if strings.EqualFold(name, n) {
			return true
		}
	}
	return false
}

// CheckName reports whether name may be one of names: a host without a port.
func CheckName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name != "" && !strings.ContainsAny(name, ":/ \t@*")
}
