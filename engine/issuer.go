package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
)

// Values of Issuer.Type beside those of typ.
const (
	// TypeAccessToken is the typ of RFC 9068, section 2.1; it may be written out as
	// application/at+jwt.
	TypeAccessToken = "at+jwt"
	// TypeNone means tokens without typ.
	TypeNone = "none"
)

// An Issuer is who may issue tokens, and on what terms. Everything but Keys is
// optional.
type Issuer struct {
	// Name is the exact iss. Only an issuer that is the only one may leave it empty:
	// any iss is then taken.
	Name string
	// Keys are the issuer's keys.
	Keys *keyset.KeySet
	// Audiences are the names of which aud has to hold one; none takes any.
	Audiences []string
	// Algorithms are those the issuer may use; none is all of jwt.Algorithms.
	Algorithms []string
	// Type is the exact typ of the issuer's access tokens, TypeAccessToken if empty.
	// An issuer with another type says the same of its ID tokens perhaps: only
	// Audiences tell them apart then.
	Type string

	// RoleClaims and ScopeClaims are where roles and scopes are, as jwt.Paths says:
	// roles, and scope and scp, if none are named. ClientClaims is where the client
	// is if there is no client_id.
	RoleClaims, ScopeClaims, ClientClaims []string
	// OptionalClaims are those of sub, aud, client_id and jti that may be absent.
	OptionalClaims []string

	// Skew is granted on exp, nbf and iat for clocks that differ, at most
	// claims.MaxSkew.
	Skew time.Duration
	// MaxLifetime is the longest exp - iat; 0 for no bound.
	MaxLifetime time.Duration
	// Revocations is what has been revoked; nil for nothing.
	Revocations *revocation.Set
}

// ErrConfig: the configuration is not one to verify with.
var ErrConfig = errors.New("engine configuration")

// issuer is an Issuer ready for use.
type issuer struct {
	keys       *keyset.KeySet
	policy     claims.Policy
	algorithms []string
	typ        string // empty for none
	mapping    *jwt.Mapping
	revoked    *revocation.Set
}

func newIssuer(c Issuer) (*issuer, error) {
	fail := func(format string, args ...any) (*issuer, error) {
		return nil, fmt.Errorf("%w: issuer %q: "+format, append([]any{ErrConfig, c.Name}, args...)...)
	}
	if c.Keys == nil {
		return fail("no keys")
	}
	if c.Skew < 0 || c.Skew > claims.MaxSkew {
		return fail("skew %v is not between 0 and %v", c.Skew, claims.MaxSkew)
	}
	if c.MaxLifetime < 0 {
		return fail("maximum lifetime %v is negative", c.MaxLifetime)
	}
	i := &issuer{
		keys:       c.Keys,
		policy:     claims.Policy{Issuer: c.Name, Audiences: slices.Clone(c.Audiences), Skew: c.Skew, MaxLifetime: c.MaxLifetime},
		algorithms: slices.Clone(c.Algorithms),
		typ:        c.Type,
		revoked:    c.Revocations,
	}
	for _, alg := range c.Algorithms {
		if !slices.Contains(jwt.Algorithms(), alg) {
			return fail("algorithm %q is not one of %v", alg, jwt.Algorithms())
		}
	}
	switch c.Type {
	case "":
		i.typ = TypeAccessToken
	case TypeNone:
		i.typ = ""
	}
	var err error
	i.mapping, err = jwt.NewMapping(jwt.Paths{
		Roles: c.RoleClaims, Scopes: c.ScopeClaims, Client: c.ClientClaims, Optional: c.OptionalClaims,
	})
	if err != nil {
		return fail("%w", err)
	}
	return i, nil
}

// check reports what of a header does not suit the issuer.
func (i *issuer) check(h *jwt.Header) error {
	if len(i.algorithms) > 0 && !slices.Contains(i.algorithms, h.Algorithm) {
		return ErrAlgorithm
	}
	if h.Type == i.typ || i.typ == TypeAccessToken && h.Type == "application/"+TypeAccessToken {
		return nil
	}
	return ErrType
}

// isRevoked reports whether what c speaks of was revoked.
func (i *issuer) isRevoked(c *claims.Claims) bool {
	return i.revoked != nil &&
		i.revoked.Revoked(c.TokenID(), c.SessionID(), c.Subject(), c.ClientID(), c.KeyID(), c.IssuedAt().Unix())
}
