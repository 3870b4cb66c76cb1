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
	i, keys, err := e.prepare(t, token)
	if err != nil {
		return nil, e.refuse(i, err)
	}
	for _, k := range keys {
		if k.Verify(t.Signed, t.Signature) {
			c, err := e.finish(t, i, k, now)
			return c, e.refuse(i, err)
		}
	}
	return nil, e.refuse(i, ErrSignature)
}

// prepare reads token and finds the keys to try it with, at least one. Nothing it
// returns is to be believed before one of them has verified the signature. With an
// error it returns the issuer that the token names, nil if none is found.
func (e *Engine) prepare(t *jwt.Token, token []byte) (*issuer, []*keyset.Key, error) {
	if len(token) > e.longest {
		return nil, nil, e.tooLong
	}
	if err := t.Parse(token, &e.headers); err != nil {
		return nil, nil, err
	}
	if err := t.Scan(); err != nil {
		return nil, nil, err
	}
	i, err := e.find(t)
	if err != nil {
		return nil, nil, err
	}
	if err := i.check(&t.Header); err != nil {
		return i, nil, err
	}
	keys := i.keys.Find(t.KeyID, t.Algorithm)
	if len(keys) > 0 {
		return i, keys, nil
	}
	if t.KeyID != "" && i.keys.Snapshot().Key(t.KeyID) != nil {
		return i, nil, ErrAlgorithm
	}
	return i, nil, ErrUnknownKey
}

// finish makes the claims of a token whose signature was verified, and decides
// whether they are acceptable.
func (e *Engine) finish(t *jwt.Token, i *issuer, k *keyset.Key, now claims.Time) (c *claims.Claims, err error) {
	e.headers.Learn(t)
	t.KeyID = k.ID() // the token may name none; what is revoked by key has to know it
	var token string
	if e.cache != nil {
		c, token, err = t.ClaimsAndCopy(i.mapping)
	} else {
		c, err = t.Claims(i.mapping)
	}
	if err != nil {
		return nil, err
	}
	if err := i.checkToken(t, c); err != nil {
		return nil, err
	}
	if err := i.policy.CheckTime(c, now); err != nil {
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
