package keyset

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// Bounds of a document: of an issuer gone mad, not of any that exist.
const (
	MaxDocument = 1 << 20 // bytes
	MaxKeys     = 64
)

// ErrDocument: the document is no JWK set.
var ErrDocument = errors.New("not a JWK set")

// A Snapshot is the keys that a set had at one time. It never changes.
type Snapshot struct {
	keys map[string]*Key
	few  []*Key // all of them, if they are at most fewKeys
}

// fewKeys are compared one by one sooner than found in a map.
const fewKeys = 4

// Parse reads a JWK set. Entries that cannot be used safely are left out, each
// with its reason; only a document that is no set at all is an error.
func Parse(jwks []byte) (*Snapshot, []Refused, error) { return parse(jwks, &Snapshot{}) }

// parse takes the keys that last has already from there.
func parse(jwks []byte, last *Snapshot) (*Snapshot, []Refused, error) {
	if len(jwks) > MaxDocument {
		return nil, nil, fmt.Errorf("%w: longer than %d bytes", ErrDocument, MaxDocument)
	}
	document, err := object(jwks)
	if err != nil {
		return nil, nil, ErrDocument
	}
	var entries []json.RawMessage
	if raw, ok := document["keys"]; !ok || raw[0] != '[' || json.Unmarshal(raw, &entries) != nil {
		return nil, nil, fmt.Errorf("%w: keys is not a list", ErrDocument)
	}
	var refused []Refused
	var loaded []*Key
	index := make(map[*Key]int)
	times := make(map[string]int)
	for i, raw := range entries {
		e, err := object(raw)
		id, _ := e.text("kid")
		var k *Key
		switch {
		case err != nil:
		case len(loaded) == MaxKeys:
			err = ErrTooMany
		default:
			k, err = e.load(raw, last.keys[id])
		}
		if err != nil {
			refused = append(refused, Refused{i, id, err})
			continue
		}
		loaded = append(loaded, k)
		index[k] = i
		times[id]++
	}
	s := &Snapshot{keys: make(map[string]*Key)}
	for _, k := range loaded {
		if times[k.id] > 1 {
			refused = append(refused, Refused{index[k], k.id, ErrDuplicate})
			continue
		}
		s.keys[k.id] = k
	}
	if len(s.keys) <= fewKeys {
		s.few = slices.Collect(maps.Values(s.keys))
	}
	return s, refused, nil
}

// load makes a key of e, or takes last if that was made of the same bytes.
func (e entry) load(raw []byte, last *Key) (*Key, error) {
	digest := sha256.Sum256(raw)
	if last != nil && last.digest == digest {
		return last, nil
	}
	k, err := e.key()
	if err != nil {
		return nil, err
	}
	k.digest = digest
	return k, nil
}

// Key is the key called kid, or nil. A key whose entry has no kid is called "",
// and so is the key of a token that names none.
func (s *Snapshot) Key(kid string) *Key {
	for _, k := range s.few {
		if k.id == kid {
			return k
		}
	}
	if len(s.few) == len(s.keys) {
		return nil
	}
	return s.keys[kid]
}

// Keys yields all keys, in no order.
func (s *Snapshot) Keys() iter.Seq[*Key] { return maps.Values(s.keys) }

// Len is the number of keys.
func (s *Snapshot) Len() int { return len(s.keys) }

// equal reports whether s and t have the same keys.
func (s *Snapshot) equal(t *Snapshot) bool { return maps.Equal(s.keys, t.keys) }
