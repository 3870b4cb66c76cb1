package edge

import (
	"bytes"
	"net/netip"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// clientAddr is the address of a client behind proxies, of which the peer is
// one: the last one in X-Forwarded-For that is not a trusted proxy's.
func clientAddr(proxies []netip.Prefix, r *wire.Request, peer netip.Addr) netip.Addr {
	list := r.List
	for i := len(list) - 1; i >= 0; i-- {
		f := &list[i]
		if f.Name != wire.Forwarded || !equalFold(f.Key, "x-forwarded-for") {
			continue
		}
		if a, more := lastAddress(proxies, f.Value); !more {
			if !a.IsValid() {
				return peer
			}
			return a
		}
	}
	return peer
}

// lastAddress is the last address in a value of X-Forwarded-For that is not a
// trusted proxy's: none where what stands there is no address. more means that the
// value has only proxies' addresses.
func lastAddress(proxies []netip.Prefix, v []byte) (a netip.Addr, more bool) {
	for len(v) > 0 {
		last := v
		if j := bytes.LastIndexByte(v, ','); j >= 0 {
			last, v = v[j+1:], v[:j]
		} else {
			v = nil
		}
		a, ok := policy.ParseAddress(last)
		if !ok {
			return netip.Addr{}, false
		}
		if !contains(proxies, a) {
			return a, false
		}
	}
	return netip.Addr{}, true
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// equalFold compares b with a word in lower case. Bytes that differ in the
// letter bit alone are letters in everything it is used for.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}
