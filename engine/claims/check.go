package claims

import (
	"errors"
	"time"
)

// The reasons for which verified claims are refused.
var (
	// ErrIssuer: iss is not the issuer whose keys verified the token.
	ErrIssuer = errors.New("issuer is not the expected one")
	// ErrAudience: aud names none of the expected audiences.
	ErrAudience = errors.New("audience is not the expected one")
	// ErrNotYetValid: nbf or iat lies in the future.
	ErrNotYetValid = errors.New("not yet valid")
	// ErrExpired: exp has passed, or lies further ahead than a token may live.
	ErrExpired = errors.New("expired")
	// ErrMissingClaim: a claim that the issuer's tokens have to have is absent or empty.
	ErrMissingClaim = errors.New("required claim is missing")
)

// MaxSkew bounds the clock skew a Policy may grant.
const MaxSkew = 60 * time.Second

// Policy is what one issuer's tokens are checked against.
type Policy struct {
	Issuer      string        // the exact iss; empty accepts any
	Audiences   []string      // at least one must be in aud; empty accepts any
	Skew        time.Duration // granted on exp, nbf and iat; at most MaxSkew
	MaxLifetime time.Duration // longest exp - iat, or exp - now where there is no iat; 0 for no bound
}

// Check reports why c is refused at now, or nil. The issuer is checked before
// the audience, and both before time, so that the error names the first thing
// to mend.
func (p *Policy) Check(c *Claims, now Time) error {
	if err := p.CheckNames(c); err != nil {
		return err
	}
	return p.CheckTime(c, now)
}

// CheckNames is the part of Check that does not depend on time.
func (p *Policy) CheckNames(c *Claims) error {
	if p.Issuer != "" && c.v.Issuer != p.Issuer {
		return ErrIssuer
	}
	if len(p.Audiences) > 0 && !p.audience(c) {
		return ErrAudience
	}
	return nil
}

// CheckTime is the part of Check that has to be repeated for cached claims.
// Both bounds are exclusive of now: a token is valid while nbf <= now < exp.
func (p *Policy) CheckTime(c *Claims, now Time) error {
	skew := Time(min(p.Skew, MaxSkew).Milliseconds())
	if now >= c.v.ExpiresAt+skew {
		return ErrExpired
	}
	if p.MaxLifetime > 0 {
		from := c.v.IssuedAt
		if from == 0 {
			from = now
		}
		if c.v.ExpiresAt > from+Time(p.MaxLifetime.Milliseconds()) {
			return ErrExpired
		}
	}
	if now+skew < c.v.NotBefore || now+skew < c.v.IssuedAt {
		return ErrNotYetValid
	}
	return nil
}

func (p *Policy) audience(c *Claims) bool {
	for _, a := range p.Audiences {
		if c.HasAudience(a) {
			return true
		}
	}
	return false
}
