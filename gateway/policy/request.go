package policy

import "net/netip"

// A Request is what a decision is made on. Its slices are views of the request
// head and stay valid only as long as the head does.
type Request struct {
	Method []byte
	Host   []byte     // of the Host field, as it was sent; empty in HTTP/1.0
	Path   []byte     // percent-decoded but for %2f: what routes are matched with
	Needs  Leniency   // what the route has to allow of the path
	Source netip.Addr // of the client, behind trusted proxies too
}
