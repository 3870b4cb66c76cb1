// Package httpauth lets a microservice know its caller. A handler behind it gets
// *claims.Claims:
//
//	auth := httpauth.Verify(engine)
//	http.Handle("/orders", auth.Handler(orders))
//	…
//	c := httpauth.Caller(r.Context())
//
// There are two ways to trust a request, and a service has exactly one of them.
// With [Verify] it verifies the bearer token itself and needs to trust nobody on
// the way. With [TrustGateway] it takes the identity headers of a gateway that it
// knows by a shared secret, by address, or by both: the way for opaque tokens.
//
// The same Auth wraps net/http and fasthttp handlers. What it refuses it answers
// as RFC 6750, section 3, says, and the handler is not called. Which roles and
// scopes a route takes is a [Permission]; which objects a caller may touch only
// the service itself knows.
//
// Claims are immutable and shared by all requests with one token.
package httpauth
