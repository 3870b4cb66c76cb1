package memory

import (
	"bytes"
	"context"
	"sync"

	"github.com/tollgate/tollgate/introspect/store"
)

// records are the records of a store, under a lock of their own.
type records struct {
	mu     *sync.RWMutex
	all    map[recordName]*store.Record
	owned  map[ownerName]map[store.Digest]struct{}
	expiry map[int64][]recordName // by the second in which they expire
}

type recordName struct {
	kind   store.RecordKind
	digest store.Digest
}

type ownerName struct {
	kind  store.RecordKind
	owner string
}

func newRecords() records {
	return records{
		mu: new(sync.RWMutex), all: map[recordName]*store.Record{},
		owned: map[ownerName]map[store.Digest]struct{}{}, expiry: map[int64][]recordName{},
	}
}

func (r *records) keep(rec *store.Record) {
	name := recordName{rec.Kind, rec.Digest}
	old := r.all[name]
	r.all[name] = rec
	if old == nil || old.Expires != rec.Expires {
		r.expiry[rec.Expires] = append(r.expiry[rec.Expires], name)
	}
	if rec.Owner == "" {
		return
	}
	list := ownerName{rec.Kind, rec.Owner}
	if r.owned[list] == nil {
		r.owned[list] = map[store.Digest]struct{}{}
	}
	r.owned[list][rec.Digest] = struct{}{}
}

func (r *records) drop(name recordName) {
	rec := r.all[name]
	if rec == nil {
		return
	}
	delete(r.all, name)
	if rec.Owner == "" {
		return
	}
	list := ownerName{rec.Kind, rec.Owner}
	if delete(r.owned[list], rec.Digest); len(r.owned[list]) == 0 {
		delete(r.owned, list)
	}
}

// sweep deletes at most limit records that have expired.
func (r *records) sweep(now int64, limit int) (deleted int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for second, names := range r.expiry {
		if second > now {
			continue
		}
		for len(names) > 0 && deleted < limit {
			last := names[len(names)-1]
			names = names[:len(names)-1]
			if rec := r.all[last]; rec != nil && rec.Expires <= now {
				r.drop(last)
				deleted++
			}
		}
		if len(names) > 0 {
			r.expiry[second] = names
			break
		}
		delete(r.expiry, second)
	}
	return deleted
}

// Keep implements store.Records.
func (s *Store) Keep(_ context.Context, records ...*store.Record) error {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	for _, rec := range records {
		s.records.keep(rec)
	}
	return nil
}

// Record implements store.Records.
func (s *Store) Record(_ context.Context, kind store.RecordKind, d store.Digest, now int64) (*store.Record, error) {
	s.records.mu.RLock()
	defer s.records.mu.RUnlock()
	rec := s.records.all[recordName{kind, d}]
	if rec == nil || rec.Expires <= now {
		return nil, store.ErrNotFound
	}
	return rec, nil
}

// Change implements store.Records.
func (s *Store) Change(_ context.Context, old, next *store.Record) error {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	rec := s.records.all[recordName{old.Kind, old.Digest}]
	if rec == nil || !bytes.Equal(rec.Value, old.Value) {
		return store.ErrChanged
	}
	s.records.keep(next)
	return nil
}

// Owned implements store.Records.
func (s *Store) Owned(_ context.Context, kind store.RecordKind, owner string, now int64) ([]*store.Record, error) {
	s.records.mu.RLock()
	defer s.records.mu.RUnlock()
	var list []*store.Record
	for d := range s.records.owned[ownerName{kind, owner}] {
		if rec := s.records.all[recordName{kind, d}]; rec.Expires > now {
			list = append(list, rec)
		}
	}
	return list, nil
}

// Drop implements store.Records.
func (s *Store) Drop(_ context.Context, r *store.Record) error {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	s.records.drop(recordName{r.Kind, r.Digest})
	return nil
}
