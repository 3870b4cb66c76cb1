// Package memory keeps everything in memory and nothing beyond the life of the
// process: for tests and benchmarks.
package memory

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
)

// Store is a store.Store in memory.
type Store struct {
	users   *store.Directory[store.User]
	clients *store.Directory[store.Client]
	feed    *store.Feed

	mu       sync.RWMutex
	access   map[store.Digest]*store.Token
	refresh  map[store.Digest]refresh
	sessions map[string]*session
}

// refresh is a refresh token, used or not.
type refresh struct {
	session string
	expires int64
}

type session struct {
	store.Session
	used []store.Digest // every refresh token of the session
}

// New returns an empty store.
func New() *Store {
	return &Store{
		users:    store.NewDirectory[store.User](),
		clients:  store.NewDirectory[store.Client](),
		feed:     store.NewFeed(strconv.FormatInt(time.Now().UnixNano(), 36), false),
		access:   map[store.Digest]*store.Token{},
		refresh:  map[store.Digest]refresh{},
		sessions: map[string]*session{},
	}
}

func committed() error { return nil }

// User implements store.Accounts.
func (s *Store) User(_ context.Context, id string) (*store.User, error) { return s.users.Get(id) }

// Users implements store.Accounts.
func (s *Store) Users(context.Context) ([]*store.User, error) { return s.users.List(), nil }

// PutUser implements store.Accounts.
func (s *Store) PutUser(_ context.Context, u, old *store.User) error {
	return s.users.Put(u.ID, u, old, committed)
}

// Client implements store.Accounts.
func (s *Store) Client(_ context.Context, id string) (*store.Client, error) {
	return s.clients.Get(id)
}

// Clients implements store.Accounts.
func (s *Store) Clients(context.Context) ([]*store.Client, error) { return s.clients.List(), nil }

// PutClient implements store.Accounts.
func (s *Store) PutClient(_ context.Context, c, old *store.Client) error {
	return s.clients.Put(c.ID, c, old, committed)
}

// Issue implements store.Tokens.
func (s *Store) Issue(_ context.Context, access *store.Issued) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access[access.Digest] = access.Token
	return nil
}

// Begin implements store.Tokens.
func (s *Store) Begin(_ context.Context, begun *store.Session, access *store.Issued) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[begun.ID] = &session{*begun, []store.Digest{begun.Refresh}}
	s.refresh[begun.Refresh] = refresh{begun.ID, begun.Expires}
	if access != nil {
		s.access[access.Digest] = access.Token
	}
	return nil
}

// Access implements store.Tokens.
func (s *Store) Access(_ context.Context, d store.Digest, now int64) (*store.Token, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.access[d]
	if t == nil || t.Expires <= now || s.feed.Revoked(t, "") {
		return nil, store.ErrNotFound
	}
	return t, nil
}

// Session implements store.Tokens.
func (s *Store) Session(_ context.Context, d store.Digest, now int64) (*store.Session, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.refresh[d]
	if !ok || r.expires <= now {
		return nil, store.ErrNotFound
	}
	found, err := s.session(r.session, now)
	if err != nil {
		return nil, err
	}
	out := found.Session
	return &out, nil
}

func (s *Store) session(id string, now int64) (*session, error) {
	found := s.sessions[id]
	if found == nil || found.Expires <= now || s.feed.Ended(&found.Session) {
		return nil, store.ErrNotFound
	}
	return found, nil
}

// Rotate implements store.Tokens.
func (s *Store) Rotate(_ context.Context, r *store.Rotation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.session(r.Session, r.Now)
	if err != nil {
		return err
	}
	if found.Refresh != r.Old {
		s.revoke(store.Event{Kind: store.KindSession, ID: r.Session, Expires: r.Horizon})
		return store.ErrReused
	}
	found.Refresh, found.Expires = r.New, r.Expires
	found.used = append(found.used, r.New)
	s.refresh[r.New] = refresh{r.Session, r.Expires}
	if r.Access != nil {
		s.access[r.Access.Digest] = r.Access.Token
	}
	return nil
}

// Revoke implements store.Revocations.
func (s *Store) Revoke(_ context.Context, events ...store.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoke(events...)
	return nil
}

func (s *Store) revoke(events ...store.Event) {
	for _, ev := range events {
		if ev.Kind == store.KindSession {
			s.forget(ev.ID)
		}
	}
	s.feed.Append(s.feed.Last()+1, events...)
}

func (s *Store) forget(id string) {
	if found := s.sessions[id]; found != nil {
		for _, d := range found.used {
			delete(s.refresh, d)
		}
		delete(s.sessions, id)
	}
}

// Revoked implements store.Revocations.
func (s *Store) Revoked(_ context.Context, t *store.Token, keyID string) (bool, error) {
	return s.feed.Revoked(t, keyID), nil
}

// Feed implements store.Revocations.
func (s *Store) Feed() *store.Feed { return s.feed }

// Sweep implements store.Store. It looks at every record, which a store of
// this kind can afford.
func (s *Store) Sweep(_ context.Context, now int64, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.feed.Drop(now, limit))
	for d, t := range s.access {
		if n == limit {
			return n, nil
		}
		if t.Expires <= now {
			delete(s.access, d)
			n++
		}
	}
	for id, found := range s.sessions {
		if n == limit {
			return n, nil
		}
		if found.Expires <= now {
			s.forget(id)
			n++
		}
	}
	return n, nil
}

// Ready implements store.Store.
func (s *Store) Ready(context.Context) error { return nil }

// Failed implements store.Store: memory does not fail.
func (s *Store) Failed() <-chan struct{} { return nil }

// Close implements store.Store.
func (s *Store) Close() error { return nil }

var _ store.Store = (*Store)(nil)
