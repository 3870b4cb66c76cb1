package policy

import (
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// A Verdict is what becomes of a request.
type Verdict uint8

// The verdicts. The zero value refuses.
const (
	NoRoute     Verdict = iota // no route takes the request
	WrongMethod                // the path has routes, and none for this method
	NeedsCaller                // only an authenticated caller may pass
	WrongRole                  // the caller has none of the roles
	WrongScope                 // the token lacks one of the scopes
	Allowed                    // the request may be forwarded

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
	Rule   *Rule
	path   []byte // that has routes, where Rule is nil
	allow  string
	public bool
}

// A Rule is a Route made ready.
type Rule struct {
	Route
	// Index is the position of the route in the configuration.
	Index     int
	challenge string // of a caller who lacks scopes
}

func newRule(r *Route, index int) *Rule {
	return &Rule{Route: *r, Index: index, challenge: scopeChallenge(r.Scopes)}
}

// NeedsCaller reports whether the decision depends on who is asking. What no
// route takes is decided on after authentication too, so that a stranger does
// not learn which paths there are.
func (m *Match) NeedsCaller() bool {
	if m.Rule == nil {
		return !m.public
	}
	return !m.Rule.Public
}

// Path is the part of the request's path that has routes, where none of them is
// for its method. It is a view of the request.
func (m *Match) Path() []byte { return m.path }

// Decide says whether a caller may make the request that led to m. The claims
// are nil where nobody was authenticated.
func (m *Match) Decide(r *Request, c *claims.Claims, now time.Time) Decision {
	switch {
	case c == nil && m.NeedsCaller():
		return Decision{Verdict: NeedsCaller}
	case m.Rule != nil:
		return m.Rule.decide(c)
	case m.allow != "":
		return Decision{Verdict: WrongMethod, Allow: m.allow}
	}
	return Decision{}
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

// scopeChallenge names the scopes that a route needs (RFC 6750, section 3.1).
func scopeChallenge(scopes []string) string {
	if len(scopes) == 0 {
		return ""
	}
	return `Bearer error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
}
