package engine

import (
	"github.com/tollgate/tollgate/engine/claims"
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
	held   []held
	// The arguments of ed25519.VerifyBatch, one for each of held.
	keys             []*ed25519.PublicKey
	messages, values [][]byte
	valid            [chunk]bool
}

// held is a token that waits for the batch's signatures.
type held struct {
	token  *jwt.Token
	issuer *issuer
	key    *keyset.Key
	out    *Verdict
}

// VerifyBatch sets out[i] to the verdict on tokens[i]. EdDSA signatures are
// verified several at a time, each with a verdict of its own. One call uses one
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
			v.Err = err
			continue
		}
		key := keys[0]
		switch {
		case key.Ed25519() == nil, len(keys) > 1:
			v.Err = ErrSignature
			for _, key := range keys {
				if key.Verify(t.Signed, t.Signature) {
					v.Claims, v.Err = e.finish(t, issuer, key, now)
					break
				}
			}
		default:
			b.held = append(b.held, held{t, issuer, key, v})
			b.keys = append(b.keys, key.Ed25519())
			b.messages = append(b.messages, t.Signed)
			b.values = append(b.values, t.Signature)
		}
	}
	valid := b.valid[:len(b.held)]
	ed25519.VerifyBatch(b.keys, b.messages, b.values, valid)
	for i, h := range b.held {
		if h.out.Err = ErrSignature; valid[i] {
			h.out.Claims, h.out.Err = e.finish(h.token, h.issuer, h.key, now)
		}
	}
	b.release(len(tokens))
}

// release lets go of the callers' bytes.
func (b *batch) release(n int) {
	for i := range n {
		b.tokens[i].Release()
	}
	clear(b.held)
	clear(b.keys)
	clear(b.messages)
	clear(b.values)
	b.held, b.keys, b.messages, b.values = b.held[:0], b.keys[:0], b.messages[:0], b.values[:0]
}
