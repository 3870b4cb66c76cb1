package pebble

import (
	"context"
	"errors"

	"github.com/tollgate/tollgate/introspect/store"
)

// enter begins a call that uses the database, and leave ends it.
func (s *Store) enter() (leave func(), err error) {
	s.closing.RLock()
	switch {
	case s.broken.Load():
		err = store.ErrFailed
	case s.closed:
		err = errClosed
	default:
		return s.closing.RUnlock, nil
	}
	s.closing.RUnlock()
	return nil, err
}

var errClosed = errors.New("store is closed")

// Revoked implements store.Revocations.
func (s *Store) Revoked(_ context.Context, t *store.Token, keyID string) (bool, error) {
	if s.broken.Load() {
		return false, store.ErrFailed
	}
	return s.feed.Revoked(t, keyID), nil
}

// Feed implements store.Revocations.
func (s *Store) Feed() *store.Feed { return s.feed }

// Ready implements store.Store.
func (s *Store) Ready(context.Context) error {
	if s.broken.Load() {
		return store.ErrFailed
	}
	return nil
}

// Failed implements store.Store.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// Close waits for the calls under way and closes the database. After a failure
// it leaves the database as it is: Pebble cannot close what it cannot write.
func (s *Store) Close() error {
	if s.broken.Load() {
		return store.ErrFailed
	}
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.revocations)
	close(s.writes)
	s.queues.Wait()
	return s.db.Close()
}

var _ store.Store = (*Store)(nil)
