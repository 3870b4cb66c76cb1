package pebble

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tollgate/tollgate/introspect/store"
)

// Sweep implements store.Store. Its deletions need no sync of their own: what
// a crash brings back has expired all the same.
func (s *Store) Sweep(_ context.Context, now int64, limit int) (int, error) {
	leave, err := s.enter()
	if err != nil {
		return 0, err
	}
	defer leave()
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	b := s.db.NewBatch()
	n := 0
	for _, seq := range s.feed.Drop(now, limit) {
		remove(b, eventKey(seq))
		n++
	}
	// Starting behind what was swept before spares a walk over its tombstones.
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: expiryKey(s.swept, nil), UpperBound: expiryKey(now+1, nil)})
	if err != nil {
		return 0, err
	}
	reached := now + 1
	for it.First(); it.Valid(); it.Next() {
		expires, key, ok := splitExpiry(it.Key())
		if n == limit || !ok {
			reached = expires
			break
		}
		if err := s.expire(b, key, now); err != nil {
			it.Close()
			return 0, err
		}
		remove(b, it.Key())
		n++
	}
	if err := it.Close(); err != nil {
		return 0, err
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		return 0, err
	}
	s.swept = reached
	return n, b.Close()
}

// expire deletes the record of key, unless it is a session that has been
// refreshed since: each rotation has indexed it under its new expiry.
func (s *Store) expire(b *pebble.Batch, key []byte, now int64) error {
	switch key[0] {
	case prefixAccess:
		s.hot.Delete(store.Digest(key[1:]))
	case prefixSession:
		v, err := s.get(key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if x, err := store.DecodeSession(v); err == nil && x.Expires > now {
			return nil
		}
	}
	remove(b, key)
	return nil
}
