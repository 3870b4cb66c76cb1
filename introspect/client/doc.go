// Package client calls the security service on behalf of a gateway or a
// microservice: token introspection (RFC 7662, and RFC 9701 for phantom
// tokens), token requests, revocation, the revocation feed, and the relaying
// of what a client says to the service itself.
//
//	c, err := client.New(client.Config{URL: "http://127.0.0.1:8090", ClientID: "gateway", …})
//	answer, err := c.Introspect(ctx, token)
//
// Every call has a deadline and fails closed: whatever goes wrong between here
// and a well-formed answer is ErrUnavailable, which is not a verdict on the
// token. A circuit breaker keeps callers from waiting for a service that is
// known not to answer.
//
// Answers are cached until the shorter of the configured time and the token's
// own expiry; "inactive" is remembered briefly, in a place of its own that bad
// tokens cannot outgrow. The cache knows nothing of revocations but when to
// distrust answers under way (Revise): callers hold what they get against
// their revocation set on every use.
//
// A Client is safe for concurrent use. It keeps no reference to the token
// bytes it is given.
package client
