package policy

import (
	"iter"
	"net/netip"
)

// A Request is what a decision is made on. Its slices are views of the request
// head and stay valid only as long as the head does.
type Request struct {
	Method []byte
	Host   []byte     // of the Host field, as it was sent; empty in HTTP/1.0
	Path   []byte     // percent-decoded but for %2f: what routes are matched with
	Query  []byte     // as it was sent, without the "?"
	Needs  Leniency   // what the route has to allow of the path
	Source netip.Addr // of the client, behind trusted proxies too

	// Origin is the field of that name, nil where absent, and RequestMethod and
	// RequestHeaders are the fields Access-Control-Request-… (WHATWG Fetch, section 3.2).
	Origin, RequestMethod, RequestHeaders []byte

	// Headers are the fields of the head, for conditions. It may be nil.
	Headers Headers
}

// Preflight reports whether the request asks what a page of another origin may
// do: it never has credentials.
func (r *Request) Preflight() bool {
	return len(r.RequestMethod) > 0 && len(r.Origin) > 0 && string(r.Method) == "OPTIONS"
}

// Headers yields the fields that a client has sent, name and value, without
// those that only the gateway may say.
type Headers interface {
	All() iter.Seq2[[]byte, []byte]
}
