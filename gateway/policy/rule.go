package policy

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// A Rule is a Route made ready. It is safe for concurrent use.
type Rule struct {
	Route
	// Index is the position of the route in the configuration.
	Index int

	// Sources are where the token is looked for; none means Authorization alone.
	Sources []Source

	allows       Leniency
	scopes       string // the challenge of a caller who lacks some
	stepUp       string // the challenge of a caller who has to log in again (RFC 9470)
	condition    *condition
	claimHeaders []claimHeader
	request      *FieldChanges
	response     *FieldChanges
	rewrites     bool
	regexp       *regexp.Regexp
	cors         *CORS
	addresses    *Limiter[netip.Addr] // by RateKey
	subjects     *Limiter[string]
}

// newRule makes a route ready. An error begins with the key of the route that
// is wrong, ".regex: …". Rates that callers have used up with last, which may be
// nil, are used up here too.
func newRule(r *Route, index int, last *Rule) (*Rule, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	from, err := sources(r.TokenFrom)
	if err != nil {
		return nil, err
	}
	if last == nil {
		last = &Rule{}
	}
	rule := &Rule{
		Route:        *r,
		Index:        index,
		scopes:       scopeChallenge(r.Scopes),
		stepUp:       stepUpChallenge(r),
		claimHeaders: claimHeaders(r.ClaimHeaders),
		request:      r.Headers.Request.ready(r.ClaimHeaders, false, dropped(from)...),
		Sources:      from,
		response:     r.Headers.Response.ready(nil, len(r.CORS.Origins) > 0),
		rewrites:     r.StripPrefix || r.Rewrite != "",
		addresses:    NewLimiter(r.RatePerAddress, last.addresses),
		subjects:     NewLimiter(r.RatePerClient, last.subjects),
	}
	if r.EncodedSlashes {
		rule.allows = EncodedSlashes
	}
	for _, name := range r.PathAllows {
		rule.allows |= leniencies[name]
	}
	if len(r.CORS.Origins) > 0 {
		rule.cors = &rule.CORS
	}
	if r.When != "" {
		if rule.condition, err = newCondition(r.When); err != nil {
			return nil, wrong("when", "%w", err)
		}
		if r.Public && rule.condition.claims {
			return nil, wrong("when", "a public route knows no claims")
		}
	}
	if r.Regex != "" {
		if rule.regexp, err = wholePath(r.Regex); err != nil {
			return nil, wrong("regex", "%w", err)
		}
	}
	return rule, nil
}

// A Caller says whether a decision depends on who is asking.
type Caller uint8

// What a rule needs to know of the caller, the least strict first.
const (
	CallerIgnored  Caller = iota // everybody is nobody
	CallerOptional               // whoever presents credentials has to have good ones
	CallerRequired               // only an authenticated caller may pass
)

func (r *Rule) caller() Caller {
	switch {
	case r.Public:
		return CallerIgnored
	case r.Optional:
		return CallerOptional
	}
	return CallerRequired
}

// access says whether a caller, nil for nobody, may use the route. The document
// is that of the caller's claims, nil where no rule needs it.
func (r *Rule) access(asked *Request, c *claims.Claims, doc document, now time.Time) Decision {
	if c != nil {
		switch {
		case !hasRole(r.Roles, c):
			return Decision{Verdict: WrongRole}
		case !hasScopes(r.Scopes, c):
			return Decision{Verdict: WrongScope, Challenge: r.scopes}
		case r.stepUp != "":
			if why := r.authenticated(doc, now); why != "" {
				return Decision{Verdict: WrongLogin, Challenge: r.stepUp, Why: why}
			}
		}
	}
	if r.condition != nil {
		ok, err := r.condition.holds(asked, doc)
		switch {
		case err != nil:
			return Decision{Verdict: WrongCondition, Why: "when: " + err.Error()}
		case !ok:
			return Decision{Verdict: WrongCondition, Why: "when is false"}
		}
	}
	return Decision{Verdict: Allowed}
}

// authenticated says why the way in which a caller logged in does not do, or
// nothing (RFC 9470).
func (r *Rule) authenticated(doc document, now time.Time) string {
	if len(r.ACR) > 0 {
		acr, _ := doc["acr"].(string)
		found := false
		for _, want := range r.ACR {
			found = found || acr == want
		}
		if !found {
			return fmt.Sprintf("acr is %q, want one of %s", acr, strings.Join(r.ACR, ", "))
		}
	}
	if r.MaxAuthAge > 0 {
		at, ok := seconds(doc["auth_time"])
		if !ok {
			return "the token has no auth_time"
		}
		if age := now.Sub(at); age > r.MaxAuthAge {
			return fmt.Sprintf("the login was %v ago, want at most %v", age.Round(time.Second), r.MaxAuthAge)
		}
	}
	return ""
}

// needsDocument reports whether deciding or forwarding looks at claims that
// *claims.Claims has no method for.
func (r *Rule) needsDocument() bool {
	return r.stepUp != "" || r.condition != nil && r.condition.claims || len(r.claimHeaders) > 0
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

// stepUpChallenge says which login a route needs (RFC 9470, section 3).
func stepUpChallenge(r *Route) string {
	if len(r.ACR) == 0 && r.MaxAuthAge == 0 {
		return ""
	}
	c := `Bearer error="insufficient_user_authentication", error_description="another login is required"`
	if len(r.ACR) > 0 {
		c += `, acr_values="` + strings.Join(r.ACR, " ") + `"`
	}
	if r.MaxAuthAge > 0 {
		c += `, max_age="` + strconv.FormatInt(int64(r.MaxAuthAge/time.Second), 10) + `"`
	}
	return c
}

// RequestChanges are what the route changes about the fields that the upstream
// gets, nil for nothing.
func (r *Rule) RequestChanges() *FieldChanges { return r.request }

// ResponseChanges are what the route changes about the fields that the client
// gets, nil for nothing. Where the route has CORS, its fields are the gateway's to say.
func (r *Rule) ResponseChanges() *FieldChanges { return r.response }

// corsField reports whether a field says what pages of other origins may do.
func corsField(name []byte) bool {
	const begins = "access-control-"
	if len(name) < len(begins) {
		return false
	}
	for i := range len(begins) {
		if fold(name[i]) != begins[i] {
			return false
		}
	}
	return true
}
