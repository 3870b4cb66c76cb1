package signing

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ErrImport: what was to be imported is no JWK set of private keys.
var ErrImport = errors.New("not a JWK set of Ed25519 private keys, as keys export writes it")

// keySet is a JWK set of private keys, with the times of their lives.
type keySet struct {
	Keys []record `json:"keys"`
}

// Export returns all keys with their private parts, as FromEnv and Import read
// them. Whoever has that can sign tokens.
func (r *Keyring) Export() ([]byte, error) {
	set := keySet{Keys: []record{}}
	for _, k := range *r.ring.Load() {
		set.Keys = append(set.Keys, k.record)
	}
	return json.Marshal(set)
}

// Import adds the keys of a set that Export has written. A key that is there
// already is left as it is. Nothing is added where one key of the set is no good.
func (r *Keyring) Import(text []byte) (added, exist int, err error) {
	if r.vault == nil {
		return 0, 0, ErrFixed
	}
	var set keySet
	if json.Unmarshal(text, &set) != nil || len(set.Keys) == 0 {
		return 0, 0, ErrImport
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	if err := r.reload(); err != nil {
		return 0, 0, err
	}
	var fresh []record
	for _, rec := range set.Keys {
		if _, err := newKey(rec); err != nil {
			return 0, 0, fmt.Errorf("%w: %w", ErrImport, err)
		}
		have := (*r.ring.Load()).find(rec.ID)
		switch {
		case have == nil:
			fresh = append(fresh, rec)
		case have.Private != rec.Private:
			return 0, 0, fmt.Errorf("%w: another key here is called %q", ErrImport, rec.ID)
		}
	}
	for _, rec := range fresh {
		rec.Tail = max(rec.Tail, r.tail)
		if err := r.vault.write(rec); err != nil {
			return 0, 0, err
		}
	}
	return len(fresh), len(set.Keys) - len(fresh), r.reload()
}
