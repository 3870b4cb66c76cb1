package gateway

import (
	"github.com/tollgate/tollgate/engine/claims"
)

// An outcome is what becomes of a request.
type outcome uint8

// The outcomes of a decision; answer.go knows what each looks like to the client.
const (
	forwarded     outcome = iota // sent on, and answered by the upstream
	anonymous                    // no credentials
	invalidToken                 // a token that is not accepted
	invalidClient                // a client's credentials that are not accepted
	forbidden                    // no route allows this
	wrongRole                    // the route wants another role
	wrongScope                   // the route wants more scopes
	unavailable                  // who it is cannot be found out now
	limited                      // too many requests
	noUpgrade                    // the route allows no WebSocket

	badRequest    // the request has more than one reading
	headTooLarge  // 431
	targetTooLong // 414
	bodyTooLarge  // 413
	headTooSlow   // 408
	badExpect     // 417
	badMethod     // 405
	badUpstream   // 502
	slowUpstream  // 504
	fullUpstream  // 503
	served        // answered by the gateway itself
	clientGone    // the client has left before the answer began

	numOutcomes
)

// An identity is an authenticated caller.
type identity struct {
	claims  *claims.Claims
	token   []byte // what the upstream gets as Bearer: a view of the request,
	phantom string // or the JWT behind a phantom token
}

// A Decision is what becomes of a request and, where it is forwarded, as whose.
type Decision struct {
	outcome outcome
	route   *route
	who     identity // zero on a public route
}

// Allowed reports whether the request may pass.
func (d *Decision) Allowed() bool { return d.outcome == forwarded }

// decide says whether who may use r: a plain function of both. The route is nil
// where none matches.
func decide(r *route, who identity) Decision {
	d := Decision{route: r, who: who}
	switch {
	case r == nil:
		d.outcome = forbidden
	case !hasRole(r.roles, who.claims):
		d.outcome = wrongRole
	case !hasScopes(r.scopes, who.claims):
		d.outcome = wrongScope
	}
	return d
}

func hasRole(anyOf []string, c *claims.Claims) bool {
	if len(anyOf) == 0 {
		return true
	}
	for _, role := range anyOf {
		if c.HasRole(role) {
			return true
		}
	}
	return false
}

func hasScopes(allOf []string, c *claims.Claims) bool {
	for _, scope := range allOf {
		if !c.HasScope(scope) {
			return false
		}
	}
	return true
}

// forwardable reports whether the claims can travel in header fields without
// meaning something else there: a role with a comma would be two, a scope with
// a space likewise, and a line break would be another field.
func forwardable(c *claims.Claims) bool {
	if !visible(c.Subject(), 0) || !visible(c.ClientID(), 0) || !visible(c.TokenID(), 0) {
		return false
	}
	for role := range c.Roles() {
		if !visible(role, ',') {
			return false
		}
	}
	for scope := range c.Scopes() {
		if !visible(scope, ' ') {
			return false
		}
	}
	return true
}

// visible reports whether s holds no control byte, no space at its ends and
// not the separator.
func visible(s string, separator byte) bool {
	if s != "" && (s[0] == ' ' || s[len(s)-1] == ' ') {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f || c == separator && separator != 0 {
			return false
		}
	}
	return true
}
