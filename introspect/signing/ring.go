package signing

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrNoKey: no key may sign at this time.
	ErrNoKey = errors.New("no signing key")
	// ErrUnknownKey: no key of that kid.
	ErrUnknownKey = errors.New("no such signing key")
)

// ring is an immutable set of keys in the order in which they sign. Of keys for
// the same second, one that is retired comes before its successor.
type ring []*key

func newRing(keys []*key) (ring, error) {
	slices.SortStableFunc(keys, func(a, b *key) int {
		return cmp.Or(cmp.Compare(a.Signs, b.Signs), cmp.Compare(b.Retired, a.Retired), cmp.Compare(a.Created, b.Created), cmp.Compare(a.ID, b.ID))
	})
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[k.ID] {
			return nil, fmt.Errorf("two signing keys are called %q", k.ID)
		}
		seen[k.ID] = true
	}
	return keys, nil
}

func (r ring) find(kid string) *key {
	for _, k := range r {
		if k.ID == kid {
			return k
		}
	}
	return nil
}

// current is the key that signs at now: the last whose time has come, unless
// that one is retired. An older key does not step in for it, since its tokens
// may no longer be accepted anywhere; Retire sees to a successor.
func (r ring) current(now int64) (*key, error) {
	for _, k := range slices.Backward(r) {
		if k.Signs > now || !k.tookOver() {
			continue
		}
		if k.Retired != 0 {
			break
		}
		return k, nil
	}
	return nil, ErrNoKey
}

// tookOver is false for a key that was retired before it signed anything.
func (k *key) tookOver() bool { return k.Retired == 0 || k.Retired > k.Signs }

// until is when the last token of the i-th key has expired; ok is false while
// that is open, because no later key has taken over yet.
func (r ring) until(i int) (end int64, ok bool) {
	for _, next := range r[i+1:] {
		if next.tookOver() {
			return next.Signs + r[i].Tail, true
		}
	}
	return 0, false
}

// published reports whether the i-th key belongs in the key set at now.
func (r ring) published(i int, now int64) bool {
	end, over := r.until(i)
	return r[i].Retired == 0 && (!over || now < end)
}

// jwks is the public key set at now (RFC 7517, section 5).
func (r ring) jwks(now int64) []byte {
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for i, k := range r {
		if r.published(i, now) {
			set.Keys = append(set.Keys, k.jwk())
			for _, alg := range Algorithms {
				if c := k.companions[alg]; c != nil {
					set.Keys = append(set.Keys, c.public)
				}
			}
		}
	}
	b, err := json.Marshal(set)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
}

// verify returns the payload of an access token that a published key signed.
// The header is not parsed: it is one that a key of ours writes, to the byte,
// or the token is not ours.
func (r ring) verify(token []byte, now int64) (payload []byte, kid string, ok bool) {
	for i, k := range r {
		if bytes.HasPrefix(token, k.header) && r.published(i, now) {
			payload, ok = k.verify(token, k.header)
			return payload, k.ID, ok
		}
		for _, c := range k.companions {
			if header := c.heads[typeAccess]; bytes.HasPrefix(token, header) && r.published(i, now) {
				payload, ok = c.verify(token, header)
				return payload, k.ID, ok
			}
		}
	}
	return nil, "", false
}

// knows reports whether a token names a key of the ring, be it published or not,
// or is no JWT: then it is not worth while to look for new keys.
func (r ring) knows(token []byte) bool {
	if bytes.Count(token, []byte{'.'}) != 2 || !bytes.HasPrefix(token, []byte("eyJ")) {
		return true
	}
	for _, k := range r {
		if bytes.HasPrefix(token, k.header) {
			return true
		}
		for _, c := range k.companions {
			if bytes.HasPrefix(token, c.heads[typeAccess]) {
				return true
			}
		}
	}
	return false
}

// verify returns the payload of a token that begins with header and was signed
// by k.
func (k *key) verify(token, header []byte) (payload []byte, ok bool) {
	dot := bytes.LastIndexByte(token, '.')
	if dot < len(header) {
		return nil, false
	}
	var sig [ed25519.SignatureSize]byte
	n, err := decode(sig[:], token[dot+1:])
	if err != nil || n != len(sig) || !ed25519.Verify(k.public, token[:dot], sig[:]) {
		return nil, false
	}
	body := token[len(header):dot]
	payload = make([]byte, base64.RawURLEncoding.DecodedLen(len(body)))
	if n, err = decode(payload, body); err != nil {
		return nil, false
	}
	return payload[:n], true
}

// decode is strict base64url: no stray bits, and none of the line breaks that
// encoding/base64 skips.
func decode(dst, src []byte) (int, error) {
	if bytes.ContainsAny(src, "\r\n") || base64.RawURLEncoding.DecodedLen(len(src)) > len(dst) {
		return 0, base64.CorruptInputError(0)
	}
	return base64.RawURLEncoding.Strict().Decode(dst, src)
}
