package policy

import (
	"bytes"
	"net/netip"
)

// RateKey is the address that limits count a client under. All of an IPv6 /64
// is one client: a single machine is given that many addresses.
func RateKey(a netip.Addr) netip.Addr {
	if a = a.Unmap(); !a.Is6() {
		return a
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

// ParseAddress reads one member of X-Forwarded-For, or a node of Forwarded (RFC
// 7239, section 6), as proxies write them: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1,
// [2001:db8::1], [2001:db8::1]:4711, any of them in quotation marks. The port and
// an IPv6 zone are dropped, and an IPv4 address in IPv6 form is an IPv4 address.
func ParseAddress(s []byte) (a netip.Addr, ok bool) {
	s = bytes.TrimSpace(s)
	if n := len(s); n >= 2 && s[0] == '"' && s[n-1] == '"' {
		s = s[1 : n-1]
	}
	if len(s) > 0 && s[0] == '[' {
		end := bytes.IndexByte(s, ']')
		if end < 0 || !portOrNothing(s[end+1:]) {
			return netip.Addr{}, false
		}
		a, ok = parse(s[1:end])
		return a.Unmap(), ok && a.Is6()
	}
	// One colon is an IPv4 address with a port, more are an IPv6 address.
	if i := bytes.IndexByte(s, ':'); i >= 0 && bytes.IndexByte(s[i+1:], ':') < 0 {
		if !portOrNothing(s[i:]) {
			return netip.Addr{}, false
		}
		s = s[:i]
	}
	a, ok = parse(s)
	return a.Unmap(), ok
}

func portOrNothing(s []byte) bool {
	if len(s) == 0 {
		return true
	}
	if s[0] != ':' || len(s) < 2 || len(s) > 6 {
		return false
	}
	for _, c := range s[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// maxAddress is the longest text of an address: IPv4 in IPv6 form, and a zone.
const maxAddress = 64

func parse(s []byte) (netip.Addr, bool) {
	if len(s) > maxAddress {
		return netip.Addr{}, false
	}
	if a, ok := parseIPv4(s); ok {
		return a, true
	}
	a, err := netip.ParseAddr(string(s))
	if err != nil || a.Is4() { // parseIPv4 has the last word on IPv4
		return netip.Addr{}, false
	}
	return a.WithZone(""), true
}

// parseIPv4 reads four decimal numbers without leading zeros, and allocates
// nothing: every request behind a proxy has one to read.
func parseIPv4(s []byte) (netip.Addr, bool) {
	var octets [4]byte
	n, digits, value := 0, 0, 0
	for i := 0; ; i++ {
		if i == len(s) || s[i] == '.' {
			if digits == 0 || n == 4 {
				return netip.Addr{}, false
			}
			octets[n] = byte(value)
			n++
			if i == len(s) {
				break
			}
			digits, value = 0, 0
			continue
		}
		if s[i] < '0' || s[i] > '9' || digits > 0 && value == 0 {
			return netip.Addr{}, false
		}
		value, digits = value*10+int(s[i]-'0'), digits+1
		if value > 255 {
			return netip.Addr{}, false
		}
	}
	return netip.AddrFrom4(octets), n == 4
}
