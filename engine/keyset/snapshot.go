package keyset

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Bounds of a document: of an issuer gone mad, not of any that exist.
const (
	MaxDocument = 1 << 20 // bytes
	MaxKeys     = 64      // entries
)

// MaxTried is how many keys one token is tried with: those that share a kid and
// an algorithm, or, for a token without kid, those of its algorithm.
const MaxTried = 4

var (
	// ErrDocument: the document is no JWK set.
	ErrDocument = errors.New("not a JWK set")
	// ErrEmpty: the document is a JWK set without a key that can be used, where
	// there were some before.
	ErrEmpty = errors.New("key set is empty; the keys of before stay in use")
)

// A Snapshot is the keys that a set had at one time. It never changes.
type Snapshot struct {
	keys    []*Key // in the order of the document; an entry that serves several algorithms is several
	entries int
	groups  []group         // the keys by name, if they are at most fewGroups
	index   map[name]*group // all of groups, if they are more
}

// name is what a token says about its key.
type name struct{ kid, alg string }

// group are the keys that a token of this name is tried with.
type group struct {
	name
	keys []*Key
}

// fewGroups are compared one by one sooner than found in a map.
const fewGroups = 8

// Parse reads a JWK set. Entries that cannot be used safely are left out, each
// with its reason; only a document that is no set at all is an error. Keys whose
// use is sig, one of uses or absent are for signatures.
func Parse(jwks []byte, uses ...string) (*Snapshot, []Refused, error) {
	return parse(jwks, &Snapshot{}, uses)
}

// parse takes the keys that last has already from there.
func parse(jwks []byte, last *Snapshot, uses []string) (*Snapshot, []Refused, error) {
	if len(jwks) > MaxDocument {
		return nil, nil, fmt.Errorf("%w: longer than %d bytes", ErrDocument, MaxDocument)
	}
	document, err := object(jwks)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: not one JSON object with unique members", ErrDocument)
	}
	var entries []json.RawMessage
	if raw, ok := document["keys"]; !ok || raw[0] != '[' || json.Unmarshal(raw, &entries) != nil {
		return nil, nil, fmt.Errorf("%w: keys is not a list", ErrDocument)
	}
	known := make(map[[sha256.Size]byte][]*Key)
	for _, k := range last.keys {
		known[k.digest] = append(known[k.digest], k)
	}
	s := new(Snapshot)
	seen := make(map[[sha256.Size]byte]bool)
	var refused []Refused
	for i, raw := range entries {
		digest := sha256.Sum256(raw)
		if string(raw) == "null" || seen[digest] {
			continue // a serialiser's null, or an entry that is there already
		}
		e, err := readEntry(raw)
		id, _ := e.text("kid")
		keys := known[digest]
		switch {
		case err != nil:
		case s.entries == MaxKeys:
			err = ErrTooMany
		case keys == nil:
			if keys, err = e.keys(uses); err == nil {
				for _, k := range keys {
					k.digest = digest
				}
			}
		}
		if err != nil {
			refused = append(refused, Refused{i, id, err})
			continue
		}
		seen[digest] = true
		s.entries++
		s.keys = append(s.keys, keys...)
	}
	s.group()
	return s, refused, nil
}

// group makes the groups of s.keys. A token without kid is tried with the keys
// that have none, and then with the others.
func (s *Snapshot) group() {
	add := func(n name, k *Key) {
		i := slices.IndexFunc(s.groups, func(g group) bool { return g.name == n })
		if i < 0 {
			i = len(s.groups)
			s.groups = append(s.groups, group{name: n})
		}
		if g := &s.groups[i]; len(g.keys) < MaxTried {
			g.keys = append(g.keys, k)
		}
	}
	for _, k := range s.keys {
		add(name{k.id, k.algorithm.name}, k)
	}
	for _, k := range s.keys {
		if k.id != "" {
			add(name{"", k.algorithm.name}, k)
		}
	}
	if len(s.groups) > fewGroups {
		s.index = make(map[name]*group, len(s.groups))
		for i := range s.groups {
			s.index[s.groups[i].name] = &s.groups[i]
		}
	}
}

// Find returns the keys to try a token with that names kid, empty where it names
// none, and alg: nearly always one, MaxTried at most. They belong to the Snapshot.
func (s *Snapshot) Find(kid, alg string) []*Key {
	if s.index != nil {
		if g := s.index[name{kid, alg}]; g != nil {
			return g.keys
		}
		return nil
	}
	for i := range s.groups {
		if g := &s.groups[i]; g.kid == kid && g.alg == alg {
			return g.keys
		}
	}
	return nil
}

// Key is the first key called kid, or nil.
func (s *Snapshot) Key(kid string) *Key {
	for _, k := range s.keys {
		if k.id == kid {
			return k
		}
	}
	return nil
}

// Has reports whether k itself, and not only one that is called the same, is in s.
func (s *Snapshot) Has(k *Key) bool { return slices.Contains(s.keys, k) }

// Keys yields all keys, in the order of the document. An entry without alg is one
// key for each algorithm it serves.
func (s *Snapshot) Keys() iter.Seq[*Key] { return slices.Values(s.keys) }

// Len is the number of entries that were loaded.
func (s *Snapshot) Len() int { return s.entries }

// equal reports whether s and t have the same keys.
func (s *Snapshot) equal(t *Snapshot) bool { return slices.Equal(s.keys, t.keys) }
