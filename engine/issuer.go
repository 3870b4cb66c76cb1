package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
)

// Values of Issuer.Types beside those of typ.
const (
	// TypeAccessToken is the typ of RFC 9068, section 2.1.
	TypeAccessToken = "at+jwt"
	// TypeNone means tokens without typ.
	TypeNone = "none"
)

// An Issuer is who may issue tokens, and on what terms. Everything but Keys is
// optional.
type Issuer struct {
	// Name is the exact iss. A part of it in braces stands for any text without a
	// slash that the rule of Require by the name in the braces allows:
	// https://login.example/{tid}/v2.0 with the rule tid. Where a token has a claim
	// of that name, it has to be the same text. Only an issuer that is the only one
	// may leave Name empty: any iss is then taken.
	Name string
	// Aliases are other iss of the same issuer.
	Aliases []string
	// TrustDomain is the SPIFFE trust domain of an issuer whose tokens have no iss:
	// their sub is spiffe://TrustDomain or below it. The * of an issuer without Name
	// is every trust domain.
	TrustDomain string
	// Keys are the issuer's keys.
	Keys *keyset.KeySet
	// Audiences are the names of which aud has to hold one; none takes any.
	Audiences []string
	// Algorithms are those the issuer may use; none is all of jwt.Algorithms.
	Algorithms []string
	// Types are the typ of the issuer's access tokens, TypeAccessToken if there are
	// none. They are compared without regard to case, and with or without
	// application/ before them. An issuer with another type says the same of its ID
	// tokens perhaps: only Audiences and Require tell them apart then.
	Types []string

	// SubjectClaims, ClientClaims and TokenIDClaims are where subject, client and
	// token ID are, as jwt.Paths says: sub, client_id and jti, if none are named.
	SubjectClaims, ClientClaims, TokenIDClaims []string
	// RoleClaims and ScopeClaims are where roles and scopes are, as jwt.Paths says:
	// roles, and scope and scp, if none are named.
	RoleClaims, ScopeClaims []string
	// OptionalClaims are those of jwt.OptionalClaims that may be absent.
	OptionalClaims []string
	// Require are rules by the path of the claim, as jwt.NewRule says.
	Require map[string][]string

	// Skew is granted on exp, nbf and iat for clocks that differ, at most
	// claims.MaxSkew.
	Skew time.Duration
	// MaxLifetime is the longest exp - iat; 0 for no bound. Without an iat it is the
	// longest time that a token may have left.
	MaxLifetime time.Duration
	// Revocations is what has been revoked; nil for nothing.
	Revocations *revocation.Set

	answer bool // of an AnswerReader
}

// ErrConfig: the configuration is not one to verify with.
var ErrConfig = errors.New("engine configuration")

// issuer is an Issuer ready for use.
type issuer struct {
	name       string
	keys       *keyset.KeySet
	policy     claims.Policy
	algorithms []string
	types      []string // folded; "" for none
	pattern    *pattern // of Name, or nil
	domain     string   // spiffe://TrustDomain, or ""
	mapping    *jwt.Mapping
	rules      []*jwt.Rule
	revoked    *revocation.Set
	conf       Issuer // what it was made of
	refusals   refusals
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
		name:    c.Name,
		keys:    c.Keys,
		policy:  claims.Policy{Audiences: slices.Clone(c.Audiences), Skew: c.Skew, MaxLifetime: c.MaxLifetime},
		revoked: c.Revocations,
		conf:    c,
	}
	for _, alg := range c.Algorithms {
		if alg == "Ed25519" {
			alg = "EdDSA" // as jwt.Header has it
		}
		if !slices.Contains(jwt.Algorithms(), alg) {
			return fail("algorithm %q is not one of %v", alg, jwt.Algorithms())
		}
		i.algorithms = append(i.algorithms, alg)
	}
	for _, typ := range c.Types {
		if typ == TypeNone {
			typ = ""
		} else if typ == "" {
			return fail("an empty type; %q means tokens without typ", TypeNone)
		}
		i.types = append(i.types, foldType(typ))
	}
	if len(i.types) == 0 {
		i.types = []string{TypeAccessToken}
	}
	paths := jwt.Paths{
		Subject: c.SubjectClaims, Client: c.ClientClaims, TokenID: c.TokenIDClaims,
		Roles: c.RoleClaims, Scopes: c.ScopeClaims, Optional: c.OptionalClaims, Answer: c.answer,
	}
	if c.answer {
		paths.Issuer = c.Name // answers need not name it
	}
	if c.TrustDomain != "" {
		if strings.ContainsAny(c.TrustDomain, "/:") || c.TrustDomain == "*" && c.Name != "" {
			return fail("trust domain %q is not a name alone", c.TrustDomain)
		}
		i.domain = spiffeScheme + c.TrustDomain
		if paths.Issuer = c.Name; c.Name == "" {
			paths.Issuer = i.domain
		}
	}
	var err error
	if i.mapping, err = jwt.NewMapping(paths); err != nil {
		return fail("%w", err)
	}
	if i.pattern, err = newPattern(c.Name, c.Require); err != nil {
		return fail("%w", err)
	}
	if i.pattern != nil && len(c.Aliases) > 0 {
		return fail("a name with braces has no aliases")
	}
	for _, claim := range slices.Sorted(maps.Keys(c.Require)) {
		if i.pattern.binds(claim) {
			continue
		}
		rule, err := jwt.NewRule(claim, c.Require[claim])
		if err != nil {
			return fail("%w", err)
		}
		i.rules = append(i.rules, rule)
	}
	return i, nil
}

// foldType is typ in lower case and without application/, as RFC 7515, section
// 4.1.9, lets it be left out.
func foldType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}

// check reports what of a header does not suit the issuer.
func (i *issuer) check(h *jwt.Header) error {
	if len(i.algorithms) > 0 && !slices.Contains(i.algorithms, h.Algorithm) {
		return ErrAlgorithm
	}
	if slices.Contains(i.types, h.Type) {
		return nil
	}
	if folded := foldType(h.Type); folded != "" && slices.Contains(i.types, folded) {
		return nil
	}
	return ErrType
}

// checkToken reports why a token whose signature was verified is refused
// whatever the time: in the order in which the reasons are mended.
func (i *issuer) checkToken(t *jwt.Token, c *claims.Claims) error {
	if err := i.policy.CheckNames(c); err != nil {
		return err
	}
	if i.domain != "" && !inDomain(c.Subject(), i.domain) || i.pattern != nil && !i.pattern.agrees(t) {
		return ErrClaim
	}
	for _, r := range i.rules {
		if !t.Satisfies(r) {
			return ErrClaim
		}
	}
	if t.Bound() {
		return ErrBound
	}
	return nil
}

// isNamed reports whether iss names i.
func (i *issuer) isNamed(iss string) bool {
	return iss == i.name || slices.Contains(i.conf.Aliases, iss) || i.pattern != nil && i.pattern.matches([]byte(iss))
}

// isRevoked reports whether what c speaks of was revoked.
func (i *issuer) isRevoked(c *claims.Claims) bool {
	return i.revoked != nil &&
		i.revoked.Revoked(c.TokenID(), c.SessionID(), c.Subject(), c.ClientID(), c.KeyID(), c.IssuedAt().Unix())
}
