package policy

import (
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// A Verdict is what becomes of a request.
type Verdict uint8

// The verdicts. The zero value refuses.
const (
	NoRoute       Verdict = iota // no route takes the request
	AmbiguousPath                // the path has more than one reading, and no route allows that
	WrongMethod                  // the path has routes, and none for this method
	NoCaller                     // only an authenticated caller may pass
	WrongRole                    // the caller has none of the roles
	WrongScope                   // the token lacks one of the scopes
	Allowed                      // the request may be forwarded

	NumVerdicts
)

// A Decision is a verdict and what the client is to be told of it.
type Decision struct {
	Verdict Verdict
	// Challenge is the WWW-Authenticate field where the rule has one of its own.
	Challenge string
	// Allow is the Allow field of WrongMethod.
	Allow string
}

// A Match is the rule that a request takes. The zero value is none.
type Match struct {
	Rule      *Rule
	also      *Rule // whose the path is in another reading
	node      *node // the routes of the path, where none is for the method
	ambiguous bool
}

// Caller says whether the decision depends on who is asking. What no route
// takes is decided on after authentication too, so that a stranger does not
// learn which paths there are.
func (m *Match) Caller() Caller {
	switch {
	case m.ambiguous:
		return CallerIgnored
	case m.also != nil:
		return max(m.Rule.caller(), m.also.caller())
	case m.Rule != nil:
		return m.Rule.caller()
	case m.node != nil:
		return m.node.caller
	}
	return CallerRequired
}

// Where names the path that has routes, though none for the method. It is empty
// where there is a rule, or no route at all.
func (m *Match) Where() string {
	if m.node == nil {
		return ""
	}
	return m.node.where
}

// Ambiguous reports whether the path has a reading that no route allows.
func (m *Match) Ambiguous() bool { return m.ambiguous }

// Decide says whether a caller may make the request that led to m. The claims
// are nil where nobody was authenticated.
func (m *Match) Decide(r *Request, c *claims.Claims, now time.Time) Decision {
	switch {
	case m.ambiguous:
		return Decision{Verdict: AmbiguousPath}
	case c == nil && m.Caller() == CallerRequired:
		return Decision{Verdict: NoCaller}
	case m.node != nil:
		return Decision{Verdict: WrongMethod, Allow: m.node.allow}
	case m.Rule == nil:
		return Decision{}
	}
	if m.also != nil {
		if d := m.also.decide(c); d.Verdict != Allowed {
			return d
		}
	}
	return m.Rule.decide(c)
}

func (r *Rule) decide(c *claims.Claims) Decision {
	switch {
	case r.Public:
	case !hasRole(r.Roles, c):
		return Decision{Verdict: WrongRole}
	case !hasScopes(r.Scopes, c):
		return Decision{Verdict: WrongScope, Challenge: r.challenge}
	}
	return Decision{Verdict: Allowed}
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
