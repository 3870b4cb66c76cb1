package edge

import (
	"bytes"
	"iter"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// A decision is what becomes of a request and, where it is forwarded, as whose.
type decision struct {
	outcome   Outcome
	route     *Route        // nil where no rule takes the request
	who       Identity      // zero where nobody was authenticated
	challenge string        // WWW-Authenticate, where the route has one of its own
	allow     string        // Allow, with badMethod
	wait      time.Duration // with Limited, until the request may come again
	why       string        // for the operator
	claims    []byte        // field lines of the route's claim_headers
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
	policy.Preflight:      preflight,
	policy.Allowed:        Allowed,
}

// decide decides on a request that takes m: who is asking, and whether they may.
// Requests that are forwarded and those that /authorize is asked about are decided
// on here and nowhere else.
func (s *Server) decide(set *Settings, asked *policy.Request, m *policy.Match, p Presented, now time.Time) decision {
	d := decision{}
	if m.Rule != nil {
		d.route = set.Routes[m.Rule.Index]
	}
	if v := m.Admit(asked, now); v.Verdict != policy.Allowed {
		d.outcome, d.wait = Limited, v.Wait
		return d
	}
	if caller := m.Caller(); caller != policy.CallerIgnored {
		d.who, d.outcome = s.auth.Authenticate(p, now)
		if d.outcome != Allowed {
			d.who = Identity{}
			if caller != policy.CallerOptional || d.outcome != Anonymous {
				return d
			}
		}
	}
	v := m.Decide(asked, d.who.Claims, now)
	d.outcome, d.challenge, d.allow, d.wait, d.why, d.claims = outcomeOf[v.Verdict], v.Challenge, v.Allow, v.Wait, v.Why, v.Claims
	if d.outcome == Allowed && d.who.Claims != nil {
		var ok bool
		if d.wait, ok = set.Subjects.Take(d.who.Claims.Subject(), now); !ok {
			d.outcome = Limited
		}
	}
	return d
}

// ask makes the request at hand one to decide on. What only some routes look at
// is looked up only where there is such a route.
func (l *lane) ask() *policy.Request {
	x, m := &l.x, l.mem
	r := &m.req
	m.asked = policy.Request{Method: r.Method, Host: r.Host, Path: r.Path, Needs: r.Needs, Source: x.client}
	if i := bytes.IndexByte(r.Target, '?'); i >= 0 {
		m.asked.Query = r.Target[i+1:]
	}
	if x.trusted {
		m.asked.Headers = (*trustedFields)(r)
	} else {
		m.asked.Headers = (*clientFields)(r)
	}
	if x.set.Table.HasCORS() {
		m.asked.Origin, m.asked.RequestMethod = r.Get("origin"), r.Get("access-control-request-method")
		m.asked.RequestHeaders = r.Get("access-control-request-headers")
	}
	return &m.asked
}

// clientFields are the fields of a request that conditions see: without those
// that only the gateway may say, and without credentials.
type clientFields wire.Request

func (f *clientFields) All() iter.Seq2[[]byte, []byte] { return fieldsOf(f.List, false) }

// trustedFields are those of a trusted proxy, which may also say where a request
// came from.
type trustedFields wire.Request

func (f *trustedFields) All() iter.Seq2[[]byte, []byte] { return fieldsOf(f.List, true) }

func fieldsOf(list []wire.Field, trusted bool) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for i := range list {
			switch f := &list[i]; f.Name {
			case wire.Identity, wire.Alias, wire.Override, wire.Authorization, wire.APIKey, wire.ProxyAuthorization:
			case wire.Forwarded:
				if trusted && !yield(f.Key, f.Value) {
					return
				}
			default:
				if !yield(f.Key, f.Value) {
					return
				}
			}
		}
	}
}
