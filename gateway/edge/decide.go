package edge

import (
	"time"

	"github.com/tollgate/tollgate/gateway/policy"
)

// A decision is what becomes of a request and, where it is forwarded, as whose.
type decision struct {
	outcome   Outcome
	route     *Route   // nil where no rule takes the request
	who       Identity // zero where nobody was authenticated
	challenge string   // WWW-Authenticate, where the route has one of its own
	allow     string   // Allow, with badMethod
}

// outcomeOf is what the gateway does about a verdict. A verdict that is not in
// it refuses.
var outcomeOf = [policy.NumVerdicts]Outcome{
	policy.NoRoute:        forbidden,
	policy.AmbiguousPath:  badRequest,
	policy.WrongMethod:    badMethod,
	policy.NoCaller:       Anonymous,
	policy.WrongRole:      wrongRole,
	policy.WrongScope:     wrongScope,
	policy.WrongLogin:     wrongLogin,
	policy.WrongCondition: wrongCondition,
	policy.Limited:        Limited,
	policy.Allowed:        Allowed,
}

// decide decides on a request: which route it takes, who is asking, and whether
// they may. Requests that are forwarded and those that /authorize is asked about
// are decided on here and nowhere else.
func (s *Server) decide(set *Settings, asked *policy.Request, p Presented, now time.Time) decision {
	m := set.Table.Match(asked)
	d := decision{}
	if m.Rule != nil {
		d.route = set.Routes[m.Rule.Index]
	}
	if m.Caller() != policy.CallerIgnored {
		if d.who, d.outcome = s.auth.Authenticate(p, now); d.outcome != Allowed {
			d.who = Identity{}
			return d
		}
	}
	v := m.Decide(asked, d.who.Claims, now)
	d.outcome, d.challenge, d.allow = outcomeOf[v.Verdict], v.Challenge, v.Allow
	if d.outcome == Allowed && d.who.Claims != nil {
		if _, ok := set.Subjects.Take(d.who.Claims.Subject(), now); !ok {
			d.outcome = Limited
		}
	}
	return d
}
