package engine

import (
	"errors"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
)

// The reasons for which a token is refused, for errors.Is.
var (
	// ErrMalformed: not a strict compact JWS of strict JSON.
	ErrMalformed = jwt.ErrMalformed
	// ErrAlgorithm: alg is no public-key signature, not one of the issuer's, or not
	// the key's own.
	ErrAlgorithm = jwt.ErrAlgorithm
	// ErrUnknownKey: the issuer has no key of this kid.
	ErrUnknownKey = errors.New("key is not known")
	// ErrSignature: the signature is not that of the key.
	ErrSignature = errors.New("signature does not verify")
	// ErrType: typ is none of those of the issuer's access tokens.
	ErrType = errors.New("type is not that of an access token")
	// ErrIssuer: iss is none of the issuers.
	ErrIssuer = claims.ErrIssuer
	// ErrAudience: aud names none of the audiences.
	ErrAudience = claims.ErrAudience
	// ErrNotYetValid: nbf or iat lies in the future.
	ErrNotYetValid = claims.ErrNotYetValid
	// ErrExpired: exp has passed, or is further from iat than the issuer may grant.
	ErrExpired = claims.ErrExpired
	// ErrMissingClaim: a required claim is absent or empty.
	ErrMissingClaim = claims.ErrMissingClaim
	// ErrClaim: a claim says none of what the issuer's rules ask for.
	ErrClaim = errors.New("claim is not what a rule asks for")
	// ErrBound: the token has a cnf (RFC 7800), and a bearer proves nothing.
	ErrBound = errors.New("token is bound to a key")
	// ErrRevoked: the token, or its session, subject, client or key was revoked.
	ErrRevoked = errors.New("revoked")
)

var codes = [...]struct {
	err  error
	code string
}{
	{ErrMalformed, "malformed"},
	{ErrAlgorithm, "algorithm"},
	{ErrUnknownKey, "unknown_key"},
	{ErrSignature, "signature"},
	{ErrType, "type"},
	{ErrIssuer, "issuer"},
	{ErrAudience, "audience"},
	{ErrNotYetValid, "not_yet_valid"},
	{ErrExpired, "expired"},
	{ErrMissingClaim, "missing_claim"},
	{ErrRevoked, "revoked"},
	{ErrClaim, "claim"},
	{ErrBound, "bound"},
}

// Code is the word for err in logs, metrics and verdicts: one for each of the
// errors above, and "" for any other.
func Code(err error) string {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return ""
}

// Codes are all words that Code returns, for who counts by them.
func Codes() []string {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = c.code
	}
	return words
}
