package gateway

import (
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/gateway/policy"
)

// An outcome is what becomes of a request.
type outcome uint8

// The outcomes of a decision; answer.go knows what each looks like to the client.
const (
	forbidden      outcome = iota // no route allows this: the zero value is a refusal
	forwarded                     // sent on, and answered by the upstream
	anonymous                     // no credentials
	invalidToken                  // a token that is not accepted
	invalidClient                 // a client's credentials that are not accepted
	wrongRole                     // the route wants another role
	wrongScope                    // the route wants more scopes
	wrongLogin                    // the route wants another login (RFC 9470)
	wrongCondition                // the route's condition does not hold
	unavailable                   // who it is cannot be found out now
	limited                       // too many requests
	noUpgrade                     // the route allows no WebSocket

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
	outcome   outcome
	route     *route
	who       identity // zero on a public route
	challenge string   // WWW-Authenticate, where the route has one of its own
	allow     string   // Allow, with badMethod
}

// Allowed reports whether the request may pass.
func (d *Decision) Allowed() bool { return d.outcome == forwarded }

// outcomeOf is what the gateway does about a verdict. A verdict that is not in
// it refuses.
var outcomeOf = [policy.NumVerdicts]outcome{
	policy.NoRoute:        forbidden,
	policy.AmbiguousPath:  badRequest,
	policy.WrongMethod:    badMethod,
	policy.NoCaller:       anonymous,
	policy.WrongRole:      wrongRole,
	policy.WrongScope:     wrongScope,
	policy.WrongLogin:     wrongLogin,
	policy.WrongCondition: wrongCondition,
	policy.Limited:        limited,
	policy.Allowed:        forwarded,
}

// A matched is a request and the rule that it takes.
type matched struct {
	policy.Match
	route *route // nil where no rule takes it
}

func (s *snapshot) match(r *policy.Request) matched {
	m := matched{Match: s.table.Match(r)}
	if m.Rule != nil {
		m.route = s.routes[m.Rule.Index]
	}
	return m
}

// decide says whether who, zero where nobody was authenticated, may make the
// request that led to m.
func (m *matched) decide(r *policy.Request, who identity, now time.Time) Decision {
	d := m.Decide(r, who.claims, now)
	return Decision{outcome: outcomeOf[d.Verdict], route: m.route, who: who, challenge: d.Challenge, allow: d.Allow}
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
