package signing

import (
	"encoding/json"
	"fmt"
	"time"
)

// Sealed is a key as a store keeps it for several services.
type Sealed struct {
	ID    string // kid
	Value []byte
}

// Records is where services that share a store keep their keys. It is used from
// one goroutine at a time.
type Records interface {
	// SealedKeys returns all of them, in no order.
	SealedKeys() ([]Sealed, error)
	// PutSealedKey keeps next in place of old, nil where there is none. If that is
	// not what is kept now, it keeps nothing and returns ErrChanged.
	PutSealedKey(kid string, old, next []byte) error
}

// shared is a vault that several services share, each of which reads it every
// second.
type shared struct {
	records Records
	seal    *Seal
	seen    map[string][]byte // by kid, sealed, as last read
}

func (s *shared) read() ([]record, error) {
	list, err := s.records.SealedKeys()
	if err != nil {
		return nil, err
	}
	s.seen = map[string][]byte{}
	var records []record
	for _, sealed := range list {
		text, old, err := s.seal.open(sealed.ID, sealed.Value)
		if err != nil {
			return nil, err
		}
		var rec record
		if json.Unmarshal(text, &rec) != nil || rec.ID != sealed.ID {
			return nil, fmt.Errorf("signing key %q: %w", sealed.ID, errKey)
		}
		s.seen[sealed.ID] = sealed.Value
		records = append(records, rec)
		if old {
			// Where another service is faster, it has done the same.
			if err := s.write(rec); err != nil && err != ErrChanged {
				return nil, err
			}
		}
	}
	return records, nil
}

func (s *shared) write(rec record) error {
	text, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	sealed := s.seal.seal(rec.ID, text)
	if err := s.records.PutSealedKey(rec.ID, s.seen[rec.ID], sealed); err != nil {
		return err
	}
	s.seen[rec.ID] = sealed
	return nil
}

// OpenShared reads the keys that several services share in records, sealed by
// seal; they sign tokens that live for tail seconds at most. Keys in dir, where
// an only service had them, are taken over; dir may be absent.
func OpenShared(records Records, seal *Seal, dir string, tail int64) (*Keyring, error) {
	v := &shared{records: records, seal: seal}
	r := &Keyring{vault: v, shared: true, tail: tail}
	if err := r.Reload(); err != nil {
		return nil, err
	}
	own, err := folder(dir).read()
	if err != nil {
		return nil, err
	}
	for _, rec := range own {
		if v.seen[rec.ID] != nil {
			continue
		}
		if err := v.write(rec); err != nil && err != ErrChanged {
			return nil, err
		}
	}
	return r, r.extend()
}

// refreshEvery bounds how often what is not known has the shared keys read.
const refreshEvery = 200 * time.Millisecond

// refresh reads shared keys again, unless that was just done, and reports whether
// it did: another service may have made a key since they were read last.
func (r *Keyring) refresh() bool {
	if !r.shared {
		return false
	}
	last := r.refreshed.Load()
	now := time.Now().UnixNano()
	if now-last < int64(refreshEvery) || !r.refreshed.CompareAndSwap(last, now) {
		return false
	}
	return r.Reload() == nil // an error is told by the regular reading
}
