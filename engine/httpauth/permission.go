package httpauth

import (
	"net/http"
	"strings"

	"github.com/tollgate/tollgate/engine/claims"
)

// A Permission is what a caller must have: one of Roles, if any are named, and
// all of Scopes. It is the coarse part of authorisation; who may touch which
// object is decided where the objects are.
type Permission struct {
	Roles  []string
	Scopes []string
}

// Permits reports whether c has what p asks for.
func (p Permission) Permits(c *claims.Claims) bool {
	for _, scope := range p.Scopes {
		if !c.HasScope(scope) {
			return false
		}
	}
	for _, role := range p.Roles {
		if c.HasRole(role) {
			return true
		}
	}
	return len(p.Roles) == 0
}

// refusal is the answer to callers who lack something. It names the scopes to ask
// for (RFC 6750, section 3) but not the roles, which nobody can ask for.
func (p Permission) refusal() *refusal {
	more := ""
	if len(p.Scopes) > 0 {
		more = `, scope="` + strings.Join(p.Scopes, " ") + `"`
	}
	r := refuse(http.StatusForbidden, "insufficient_scope", "The access token does not permit this", more)
	return &r
}
