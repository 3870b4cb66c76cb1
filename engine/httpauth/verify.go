package httpauth

import (
	"strings"

	"github.com/tollgate/tollgate/engine/claims"
)

// A Verifier tells the claims of a token it finds good. It does not keep the
// token. *engine.Engine is one.
type Verifier interface {
	Verify(token []byte) (*claims.Claims, error)
}

// Verify returns an Auth that takes the bearer token of the Authorization header
// (RFC 6750, section 2.1) and asks v about it. Tokens in forms and queries are
// not looked for.
func Verify(v Verifier) *Auth {
	return &Auth{func(r request) (*claims.Claims, error) {
		token, err := bearer(r.header("Authorization"))
		if err != nil {
			return nil, err
		}
		return v.Verify([]byte(token))
	}}
}

// bearer takes the token out of the values of Authorization.
func bearer(values []string) (string, error) {
	if len(values) > 1 {
		return "", errRequest
	}
	if len(values) == 0 {
		return "", errNobody
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", errNobody
	}
	return strings.TrimLeft(token, " "), nil
}
