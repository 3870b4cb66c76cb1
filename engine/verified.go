package engine

import (
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/keyset"
)

// verified is what the cache keeps of a token that was found good, with what of
// the world it was found good against.
type verified struct {
	claims   *claims.Claims
	issuer   *issuer
	key      *keyset.Key
	snapshot atomic.Pointer[keyset.Snapshot] // that has been seen to hold key
	checked  atomic.Uint64                   // the generation of revocations asked
}

// valueBytes is what a verified and its claims take beside the token and payload.
const valueBytes = 640

// longest bounds how long an entry is kept, whatever its exp.
const longest = 24 * time.Hour

func ttl(left claims.Time) time.Duration {
	return time.Duration(min(int64(left), longest.Milliseconds())) * time.Millisecond
}

func (i *issuer) generation() uint64 {
	if i.revoked == nil {
		return 0
	}
	return i.revoked.Generation()
}

// recall answers from the cache, and reports whether it could. It asks anew what
// can have changed since the token was verified, in the order of verify.
func (e *Engine) recall(token []byte, now claims.Time) (c *claims.Claims, err error, known bool) {
	if e.cache == nil {
		return nil, nil, false
	}
	v := e.cache.Get(token)
	if v == nil {
		return nil, nil, false
	}
	if s := v.issuer.keys.Snapshot(); v.snapshot.Load() != s {
		if !s.Has(v.key) {
			e.cache.Delete(token)
			return nil, nil, false // the key may be back under another value
		}
		v.snapshot.Store(s)
	}
	if err := v.issuer.policy.CheckTime(v.claims, now); err != nil {
		return nil, e.refuse(v.issuer, err), true
	}
	if g := v.issuer.generation(); v.checked.Load() != g {
		if v.issuer.isRevoked(v.claims) {
			e.cache.Delete(token)
			return nil, e.refuse(v.issuer, ErrRevoked), true
		}
		v.checked.Store(g)
	}
	return v.claims, nil, true
}
