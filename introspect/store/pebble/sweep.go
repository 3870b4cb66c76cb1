package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tollgate/tollgate/introspect/store"
)

// Sweep implements store.Store. Its deletions need no sync of their own: what
// a crash brings back has expired all the same.
func (s *Store) Sweep(ctx context.Context, now int64, limit int) (int, error) {
	leave, err := s.enter()
	if err != nil {
		return 0, err
	}
	defer leave()
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	s.keepPace()
	b := s.db.NewBatch()
	n := 0
	for _, at := range s.feed.Drop(now, limit) {
		remove(b, eventKey(at.Seq))
		n++
	}
	// Starting behind what was swept before spares a walk over its tombstones.
	end := expiryKey(now+1, nil)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: s.swept, UpperBound: end})
	if err != nil {
		return 0, err
	}
	for it.First(); it.Valid(); it.Next() {
		if n >= limit {
			end = bytes.Clone(it.Key())
			break
		}
		keys, err := splitExpiry(it.Key(), it.Value())
		if err != nil {
			return 0, errors.Join(fmt.Errorf("index of expiries: %w", err), it.Close())
		}
		for _, key := range keys {
			if err := s.expire(b, key, now); err != nil {
				return 0, errors.Join(err, it.Close())
			}
		}
		n += len(keys)
	}
	if err := it.Close(); err != nil {
		return 0, err
	}
	batches, indexed := s.unindexed+1, s.indexed
	if bytes.Compare(end, indexed) < 0 {
		indexed = end // the clock has been set back, and what is issued now expires before then
	}
	if (n < limit || batches >= unindex) && bytes.Compare(indexed, end) < 0 {
		if err := b.DeleteRange(indexed, end, nil); err != nil {
			return 0, err
		}
		batches, indexed = 0, end
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		return 0, err
	}
	s.swept, s.unindexed, s.indexed = end, batches, indexed
	s.deleted += n
	if n < limit && s.deleted >= compactAfter {
		s.deleted = 0
		return n, errors.Join(b.Close(), s.compact(ctx))
	}
	return n, b.Close()
}

// unindex is how many batches share one deletion of what they have swept of the
// index: after each, the next look-up sorts all such deletions in memory anew.
// What a crash keeps from being deleted there is swept again, and found gone.
const unindex = 64

// compactAfter is how many deletions are worth a compaction of their own:
// Pebble would give their space back too, but some time later.
const compactAfter = 100_000

const (
	lookEvery = 100 * time.Millisecond // how often a sweep looks whether Pebble falls behind
	lookHolds = time.Second            // how long what it saw holds
)

// keepPace asks Pebble to be calm, unless it has fallen behind: writes wait for
// it at the twelfth sublevel, and while a table in memory is full before the one
// before it has been flushed.
func (s *Store) keepPace() {
	if time.Since(s.looked) < lookEvery {
		return
	}
	s.looked = time.Now()
	m := s.db.Metrics()
	s.flushing++
	if m.MemTable.Count < 2 {
		s.flushing = 0
	}
	if s.flushing > 4 || m.Levels[0].Sublevels > 6 {
		s.pace.calm(0)
		return
	}
	s.pace.calm(lookHolds)
}

// compact gives the disk space of deleted tokens back.
func (s *Store) compact(ctx context.Context) error {
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				s.keepPace()
			}
		}
	})
	defer all.Wait()
	defer close(done)
	for _, prefix := range []byte{prefixRefresh, prefixSession, prefixAccess, prefixRecord, prefixOwned, prefixExpiry} {
		if err := s.db.Compact(ctx, []byte{prefix}, []byte{prefix + 1}, false); err != nil {
			return err
		}
	}
	return nil
}

// expire deletes the record of key, unless it is a session or a record that has
// been given more time since: it is in the index under its new expiry as well.
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
	case prefixRecord, prefixOwned:
		if r, err := s.record(key); err == nil && r.Expires > now {
			return nil
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	remove(b, key)
	return nil
}
