package engine

import (
	"time"

	"github.com/tollgate/tollgate/engine/claimcache"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

// VerifyAt is Verify at a time of the caller's.
func (e *Engine) VerifyAt(token []byte, now time.Time) (*claims.Claims, error) {
	return e.verifyAt(token, claims.At(now))
}

func (e *Engine) verifyAt(token []byte, now claims.Time) (*claims.Claims, error) {
	if c, err, known := e.recall(token, now); known {
		return c, err
	}
	t := e.tokens.Get().(*jwt.Token)
	c, err := e.verify(t, token, now)
	t.Release()
	e.tokens.Put(t)
	return c, err
}

func (e *Engine) verify(t *jwt.Token, token []byte, now claims.Time) (*claims.Claims, error) {
	i, k, err := e.prepare(t, token)
	if err != nil {
		return nil, err
	}
	if !k.Verify(t.Signed, t.Signature) {
		return nil, ErrSignature
	}
	return e.finish(t, i, k, now)
}

// prepare reads token and finds the key to verify it with. Nothing it returns is
// to be believed before that.
func (e *Engine) prepare(t *jwt.Token, token []byte) (*issuer, *keyset.Key, error) {
	if err := t.Parse(token, &e.headers); err != nil {
		return nil, nil, err
	}
	if err := t.Scan(); err != nil {
		return nil, nil, err
	}
	name := t.Issuer()
	if len(name) == 0 {
		return nil, nil, ErrMissingClaim
	}
	i := e.find(name)
	if i == nil {
		return nil, nil, ErrIssuer
	}
	if err := i.check(&t.Header); err != nil {
		return nil, nil, err
	}
	k := i.keys.Find(t.KeyID)
	if k == nil {
		return nil, nil, ErrUnknownKey
	}
	if k.Algorithm() != t.Algorithm {
		return nil, nil, ErrAlgorithm
	}
	return i, k, nil
}

// find is the issuer called name, or nil.
func (e *Engine) find(name []byte) *issuer {
	switch {
	case e.any != nil:
		return e.any
	case e.first.policy.Issuer == string(name):
		return e.first
	}
	return e.issuers[string(name)]
}

// finish makes the claims of a token whose signature was verified, and decides
// whether they are acceptable.
func (e *Engine) finish(t *jwt.Token, i *issuer, k *keyset.Key, now claims.Time) (c *claims.Claims, err error) {
	e.headers.Learn(t)
	var token string
	if e.cache != nil {
		c, token, err = t.ClaimsAndCopy(i.mapping)
	} else {
		c, err = t.Claims(i.mapping)
	}
	if err != nil {
		return nil, err
	}
	if err := i.policy.Check(c, now); err != nil {
		return nil, err
	}
	generation := i.generation() // before the question, so that no answer is too new
	if i.isRevoked(c) {
		return nil, ErrRevoked
	}
	if e.cache != nil {
		entry := claimcache.NewEntry[verified](token)
		v := &entry.Value
		v.claims, v.issuer, v.key = c, i, k
		v.checked.Store(generation)
		left := c.ExpiresAt() - now + claims.Time(i.policy.Skew.Milliseconds())
		e.cache.Put(entry, len(t.Payload)+valueBytes, ttl(left))
	}
	return c, nil
}
