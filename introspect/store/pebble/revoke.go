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

// revocation is one call of Revoke in the queue.
type revocation struct {
	events []store.Event
	result chan error
}

const maxGroup = 1024 // revocations that share a commit

// Revoke implements store.Revocations.
func (s *Store) Revoke(_ context.Context, events ...store.Event) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	// A rotation that is under way would write the session back.
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
		if ev.Kind != store.KindSession {
			continue
		}
		lock := s.lock(ev.ID)
		for i := range s.sessions {
			if lock == &s.sessions[i] {
				indices = append(indices, i)
			}
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
func (s *Store) enqueue(events ...store.Event) error {
	r := &revocation{events, make(chan error, 1)}
	s.revocations <- r
	return <-r.result
}

// revoker works off the queue: all that is waiting becomes one commit, and
// only then is shown to those who ask and follow, in the order of the numbers.
func (s *Store) revoker() {
	defer close(s.done)
	for first := range s.revocations {
		group := []*revocation{first}
	gather:
		for len(group) < maxGroup {
			select {
			case r, ok := <-s.revocations:
				if !ok {
					break gather
				}
				group = append(group, r)
			default:
				break gather
			}
		}
		var events []store.Event
		for _, r := range group {
			events = append(events, r.events...)
		}
		err := s.append(events)
		for _, r := range group {
			r.result <- err
		}
	}
}

func (s *Store) append(events []store.Event) error {
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
