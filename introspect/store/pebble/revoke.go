package pebble

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tollgate/tollgate/introspect/store"
)

// Revoke implements store.Revocations.
func (s *Store) Revoke(_ context.Context, events ...store.Event) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	// A rotation that is under way would write the session back, and nobody may
	// find the session gone before the revocation is durable and in the feed.
	for _, lock := range s.locks(events) {
		lock.Lock()
		defer lock.Unlock()
	}
	return s.enqueue(events...)
}

// locks are the locks of all sessions that events name, in the one order in
// which they may be taken together.
func (s *Store) locks(events []store.Event) []*sync.Mutex {
	var indices []int
	for _, ev := range events {
		if ev.Kind == store.KindSession {
			indices = append(indices, s.lockIndex(ev.ID))
		}
	}
	slices.Sort(indices)
	var locks []*sync.Mutex
	for _, i := range slices.Compact(indices) {
		locks = append(locks, &s.sessions[i])
	}
	return locks
}

// enqueue is Revoke for who holds the locks.
func (s *Store) enqueue(events ...store.Event) error { return s.revocations.do(events) }

// commitRevocations makes events durable, and only then are they shown to those
// who ask and follow, in the order of their numbers.
func (s *Store) commitRevocations(calls [][]store.Event) error {
	events := slices.Concat(calls...)
	if len(events) == 0 {
		return nil
	}
	first := s.feed.Last() + 1
	b := s.db.NewBatch()
	for i, ev := range events {
		if err := s.setEvent(b, first+uint64(i), ev); err != nil {
			return err
		}
	}
	last := first + uint64(len(events)) - 1
	set(b, nameKey(prefixMeta, "last"), binary.BigEndian.AppendUint64(nil, last))
	if err := s.commit(b); err != nil {
		return err
	}
	s.feed.Append(first, events...)
	return nil
}

func (s *Store) setEvent(b *pebble.Batch, seq uint64, ev store.Event) error {
	v, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	set(b, eventKey(seq), v)
	if ev.Kind == store.KindSession {
		remove(b, nameKey(prefixSession, ev.ID))
	}
	return nil
}
