package policy

import (
	"encoding/json"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// A Verdict is what becomes of a request.
type Verdict uint8

// The verdicts. The zero value refuses.
const (
	NoRoute        Verdict = iota // no route takes the request
	AmbiguousPath                 // the path has more than one reading, and no route allows that
	WrongMethod                   // the path has routes, and none for this method
	NoCaller                      // only an authenticated caller may pass
	WrongRole                     // the caller has none of the roles
	WrongScope                    // the token lacks one of the scopes
	WrongLogin                    // the caller has to log in again, or in another way (RFC 9470)
	WrongCondition                // the condition does not hold
	Limited                       // too many requests
	Preflight                     // a CORS preflight, which the gateway answers
	Allowed                       // the request may be forwarded

	NumVerdicts
)

// A Decision is a verdict and what the client and the upstream are to be told.
type Decision struct {
	Verdict Verdict
	// Challenge is the WWW-Authenticate field where the rule has one of its own.
	Challenge string
	// Allow is the Allow field of WrongMethod.
	Allow string
	// Wait is how long it is until a request that is Limited may come again.
	Wait time.Duration
	// Why says more to the operator. The client is never told.
	Why string
	// Claims are the field lines of the route's claim_headers for the upstream.
	Claims []byte
}

// A Match is the rule that a request takes. The zero value is none.
type Match struct {
	Rule      *Rule
	also      *Rule // whose the path is in another reading
	node      *node // the routes of the path, where none is for the method
	ambiguous bool
	preflight bool
}

// Caller says whether the decision depends on who is asking. What no route
// takes is decided on after authentication too, so that a stranger does not
// learn which paths there are.
func (m *Match) Caller() Caller {
	switch {
	case m.ambiguous || m.preflight:
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

// Admit says whether the route takes a request from this address now, before
// anybody is authenticated: Allowed or Limited. A request without an address is
// taken.
func (m *Match) Admit(r *Request, now time.Time) Decision {
	if m.Rule != nil && m.Rule.addresses != nil && r.Source.IsValid() {
		if wait, ok := m.Rule.addresses.Take(RateKey(r.Source), now); !ok {
			return Decision{Verdict: Limited, Wait: wait}
		}
	}
	return Decision{Verdict: Allowed}
}

// Decide says whether a caller may make the request that led to m. The claims
// are nil where nobody was authenticated.
func (m *Match) Decide(r *Request, c *claims.Claims, now time.Time) Decision {
	switch {
	case m.ambiguous:
		return Decision{Verdict: AmbiguousPath}
	case m.preflight:
		return Decision{Verdict: Preflight}
	case c == nil && m.Caller() == CallerRequired:
		return Decision{Verdict: NoCaller}
	case m.node != nil:
		return Decision{Verdict: WrongMethod, Allow: m.node.allow}
	case m.Rule == nil:
		return Decision{}
	}
	var doc document
	if m.Rule.needsDocument() || m.also != nil && m.also.needsDocument() {
		doc = documentOf(c)
	}
	if m.also != nil {
		if d := m.also.access(r, c, doc, now); d.Verdict != Allowed {
			return d
		}
	}
	d := m.Rule.access(r, c, doc, now)
	if d.Verdict != Allowed {
		return d
	}
	if c != nil {
		if wait, ok := m.Rule.subjects.Take(c.Subject(), now); !ok {
			return Decision{Verdict: Limited, Wait: wait}
		}
	}
	if len(m.Rule.claimHeaders) > 0 {
		d.Claims = appendClaims(nil, m.Rule.claimHeaders, doc)
	}
	return d
}

// AppendCORS adds the field lines that let a page of another origin read the
// answer, whoever gives it: the answer to a preflight, the upstream's, or the
// gateway's own refusal.
func (m *Match) AppendCORS(dst []byte, r *Request) []byte {
	switch {
	case m.Rule != nil && m.preflight:
		return m.Rule.cors.appendPreflight(dst, r, m.node.allow)
	case m.Rule != nil:
		return m.Rule.cors.appendFields(dst, r.Origin)
	case m.node != nil:
		return m.node.cors().appendFields(dst, r.Origin)
	}
	return dst
}

// seconds is a NumericDate (RFC 7519, section 2).
func seconds(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}
