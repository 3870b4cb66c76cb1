package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tollgate/tollgate/introspect/store"
)

// recordKey is where a record is.
func recordKey(kind store.RecordKind, d store.Digest) []byte {
	return append([]byte{prefixRecord, byte(kind)}, d[:]...)
}

// ownedKey begins the keys of an owner's list; a digest completes each. The
// owner's length comes first, so that no owner's list begins another's.
func ownedKey(kind store.RecordKind, owner string) []byte {
	b := binary.AppendUvarint([]byte{prefixOwned, byte(kind)}, uint64(len(owner)))
	return append(b, owner...)
}

// record reads the record of a key under either prefix: an entry of an owner's
// list lives as long as the record whose digest it ends in.
func (s *Store) record(key []byte) (*store.Record, error) {
	if len(key) < 2+len(store.Digest{}) {
		return nil, errDamaged
	}
	kind, d := store.RecordKind(key[1]), store.Digest(key[len(key)-len(store.Digest{}):])
	v, err := s.get(recordKey(kind, d))
	if err != nil {
		return nil, err
	}
	return store.DecodeRecord(v, kind, d)
}

// recordWrite are the writes that keep r; indexed says that its expiry is in
// the index already.
func recordWrite(r *store.Record, indexed bool) write {
	expires := r.Expires
	if indexed {
		expires = 0
	}
	w := write{{key: recordKey(r.Kind, r.Digest), value: store.AppendRecord(nil, r), expires: expires}}
	if r.Owner != "" {
		w = append(w, record{key: append(ownedKey(r.Kind, r.Owner), r.Digest[:]...), value: []byte{}, expires: expires})
	}
	return w
}

// Keep implements store.Records: all or none.
func (s *Store) Keep(_ context.Context, records ...*store.Record) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	var w write
	for _, r := range records {
		w = append(w, recordWrite(r, false)...)
	}
	return s.write(w)
}

// Record implements store.Records.
func (s *Store) Record(_ context.Context, kind store.RecordKind, d store.Digest, now int64) (*store.Record, error) {
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	lock := s.lock(string(d[:])) // a change that is not durable yet is not answered
	lock.Lock()
	defer lock.Unlock()
	r, err := s.record(recordKey(kind, d))
	if err == nil && r.Expires <= now {
		return nil, store.ErrNotFound
	}
	return r, err
}

// Change implements store.Records.
func (s *Store) Change(_ context.Context, old, next *store.Record) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	lock := s.lock(string(old.Digest[:]))
	lock.Lock()
	defer lock.Unlock()
	r, err := s.record(recordKey(old.Kind, old.Digest))
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrChanged
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(r.Value, old.Value) {
		return store.ErrChanged
	}
	return s.write(recordWrite(next, r.Expires == next.Expires))
}

// Owned implements store.Records.
func (s *Store) Owned(_ context.Context, kind store.RecordKind, owner string, now int64) ([]*store.Record, error) {
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	from := ownedKey(kind, owner)
	end := append(bytes.Clone(from), bytes.Repeat([]byte{0xff}, len(store.Digest{})+1)...)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: end})
	if err != nil {
		return nil, err
	}
	var list []*store.Record
	for it.First(); it.Valid(); it.Next() {
		r, err := s.record(it.Key())
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		if r.Expires > now {
			list = append(list, r)
		}
	}
	return list, it.Close()
}

// Drop implements store.Records.
func (s *Store) Drop(_ context.Context, r *store.Record) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	lock := s.lock(string(r.Digest[:]))
	lock.Lock()
	defer lock.Unlock()
	w := write{{key: recordKey(r.Kind, r.Digest), gone: true}}
	if r.Owner != "" {
		w = append(w, record{key: append(ownedKey(r.Kind, r.Owner), r.Digest[:]...), gone: true})
	}
	return s.write(w)
}
