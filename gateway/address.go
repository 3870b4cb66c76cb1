package gateway

import (
	"bytes"
	"net/netip"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// clientAddr is the address of the client: the peer's, or behind trusted
// proxies the last one in X-Forwarded-For that is not such a proxy's.
func (c *conn) clientAddr() netip.Addr {
	proxies := c.g.snap.Load().proxies
	if !contains(proxies, c.remote) {
		return c.remote
	}
	list := c.s.req.List
	for i := len(list) - 1; i >= 0; i-- {
		f := &list[i]
		if f.Name != wire.Forwarded || !equalFold(f.Key, "x-forwarded-for") {
			continue
		}
		for v := f.Value; len(v) > 0; {
			last := v
			if j := bytes.LastIndexByte(v, ','); j >= 0 {
				last, v = v[j+1:], v[:j]
			} else {
				v = nil
			}
			a, ok := policy.ParseAddress(last)
			if !ok {
				return c.remote
			}
			if !contains(proxies, a) {
				return a
			}
		}
	}
	return c.remote
}

func contains(networks []netip.Prefix, a netip.Addr) bool {
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// trusted reports whether the peer is a proxy whose word is taken.
func (c *conn) trusted() bool { return contains(c.g.snap.Load().proxies, c.remote) }
