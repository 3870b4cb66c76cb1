package engine

import (
	"crypto/sha256"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/ecdsa"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

// A Verdict is what Verify would return.
type Verdict struct {
	Claims *claims.Claims
	Err    error
}

// chunk is how many tokens of a batch are taken apart at a time: enough to fill
// the lanes of any backend, few enough to stay in the nearest cache.
const chunk = 32

// batch is the memory of one chunk.
type batch struct {
	tokens [chunk]jwt.Token
	valid  [chunk]bool

	// The tokens that wait for EdDSA signatures, and the arguments of
	// ed25519.VerifyBatch, one for each of them.
	eddsa            []held
	eddsaKeys        []*ed25519.PublicKey
	messages, values [][]byte

	// The same of ES256 and ecdsa.VerifyBatch. The digests are of sums.
	es256                []held
	es256Keys            []*ecdsa.PublicKey
	digests, es256Values [][]byte
	sums                 [chunk][sha256.Size]byte
}

// held is a token that waits for the batch's signatures.
type held struct {
	token  *jwt.Token
	issuer *issuer
	key    *keyset.Key
	out    *Verdict
}

// VerifyBatch sets out[i] to the verdict on tokens[i]. EdDSA and ES256 signatures
// are verified several at a time, each with a verdict of its own. One call uses one
// core. It panics where the slices differ in length.
func (e *Engine) VerifyBatch(tokens [][]byte, out []Verdict) {
	if len(tokens) != len(out) {
		panic("BUG: VerifyBatch of slices that differ in length")
	}
	now := e.now()
	b := e.batches.Get().(*batch)
	for len(tokens) > 0 {
		n := min(chunk, len(tokens))
		e.verifyChunk(b, tokens[:n], out[:n], now)
		tokens, out = tokens[n:], out[n:]
	}
	e.batches.Put(b)
}

func (e *Engine) verifyChunk(b *batch, tokens [][]byte, out []Verdict, now claims.Time) {
	for i, token := range tokens {
		v := &out[i]
		var known bool
		if v.Claims, v.Err, known = e.recall(token, now); known {
			continue
		}
		t := &b.tokens[i]
		issuer, keys, err := e.prepare(t, token)
		if err != nil {
			v.Err = e.refuse(issuer, err)
			continue
		}
		key := keys[0]
		h := held{t, issuer, key, v}
		switch {
		case len(keys) == 1 && key.Ed25519() != nil:
			b.eddsa = append(b.eddsa, h)
			b.eddsaKeys = append(b.eddsaKeys, key.Ed25519())
			b.messages = append(b.messages, t.Signed)
			b.values = append(b.values, t.Signature)
		case len(keys) == 1 && key.ES256() != nil:
			digest := &b.sums[len(b.es256)]
			*digest = sha256.Sum256(t.Signed)
			b.es256 = append(b.es256, h)
			b.es256Keys = append(b.es256Keys, key.ES256())
			b.digests = append(b.digests, digest[:])
			b.es256Values = append(b.es256Values, t.Signature)
		default:
			v.Err = ErrSignature
			for _, key := range keys {
				if key.Verify(t.Signed, t.Signature) {
					v.Claims, v.Err = e.finish(t, issuer, key, now)
					break
				}
			}
			e.refuse(issuer, v.Err)
		}
	}
	ed25519.VerifyBatch(b.eddsaKeys, b.messages, b.values, b.valid[:len(b.eddsa)])
	e.finishHeld(b.eddsa, &b.valid, now)
	ecdsa.VerifyBatch(b.es256Keys, b.digests, b.es256Values, b.valid[:len(b.es256)])
	e.finishHeld(b.es256, &b.valid, now)
	b.release(len(tokens))
}

// finishHeld sets the verdicts of tokens whose signatures were found valid or not.
func (e *Engine) finishHeld(list []held, valid *[chunk]bool, now claims.Time) {
	for i, h := range list {
		if h.out.Err = ErrSignature; valid[i] {
			h.out.Claims, h.out.Err = e.finish(h.token, h.issuer, h.key, now)
		}
		e.refuse(h.issuer, h.out.Err)
	}
}

// release lets go of the callers' bytes.
func (b *batch) release(n int) {
	for i := range n {
		b.tokens[i].Release()
	}
	b.eddsa, b.es256 = released(b.eddsa), released(b.es256)
	b.eddsaKeys, b.es256Keys = released(b.eddsaKeys), released(b.es256Keys)
	b.messages, b.values = released(b.messages), released(b.values)
	b.digests, b.es256Values = released(b.digests), released(b.es256Values)
}

// released returns list with no elements, and none left in its memory.
func released[T any](list []T) []T {
	clear(list)
	return list[:0]
}
