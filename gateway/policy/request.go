package policy

import "net/netip"

// A Request is what a decision is made on. Its slices are views of the request
// head and stay valid only as long as the head does.
type Request struct {
	Method []byte
	Host   []byte     // of the Host field, as it was sent; empty in HTTP/1.0
	Path   []byte     // percent-decoded: what routes are matched with
	Source netip.Addr // of the client, behind trusted proxies too
}
