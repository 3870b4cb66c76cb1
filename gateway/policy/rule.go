package policy

import "strings"

// A Rule is a Route made ready.
type Rule struct {
	Route
	// Index is the position of the route in the configuration.
	Index     int
	allows    Leniency
	challenge string // of a caller who lacks scopes
}

// newRule makes a route ready. An error begins with the key of the route that
// is wrong, ".regex: …".
func newRule(r *Route, index int) (*Rule, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	rule := &Rule{Route: *r, Index: index, challenge: scopeChallenge(r.Scopes)}
	if r.EncodedSlashes {
		rule.allows = EncodedSlashes
	}
	for _, name := range r.PathAllows {
		rule.allows |= leniencies[name]
	}
	return rule, nil
}

// A Caller says whether a decision depends on who is asking.
type Caller uint8

// What a rule needs to know of the caller, the least strict first.
const (
	CallerIgnored  Caller = iota // everybody is nobody
	CallerRequired               // only an authenticated caller may pass
)

func (r *Rule) caller() Caller {
	if r.Public {
		return CallerIgnored
	}
	return CallerRequired
}

// scopeChallenge names the scopes that a route needs (RFC 6750, section 3.1).
func scopeChallenge(scopes []string) string {
	if len(scopes) == 0 {
		return ""
	}
	return `Bearer error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
}
