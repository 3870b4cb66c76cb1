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
	sessions map[string]*store.Session
	expiry   expiry // of access and refresh tokens
	records  records
}

// refresh is a refresh token, used or not. The last one of a session expires with
// it, so that a sweep finds sessions by their tokens; those of a session that has
// been revoked find nothing, until they are swept.
type refresh struct {
	session string
	expires int64
}

// New returns an empty store.
func New() *Store {
	return &Store{
		users:    store.NewDirectory[store.User](),
		clients:  store.NewDirectory[store.Client](),
		feed:     store.NewFeed(strconv.FormatInt(time.Now().UnixNano(), 36)),
		access:   map[store.Digest]*store.Token{},
		refresh:  map[store.Digest]refresh{},
		sessions: map[string]*store.Session{},
		expiry:   expiry{due: map[int64]*due{}},
		records:  newRecords(),
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

// DropUser implements store.Accounts.
func (s *Store) DropUser(_ context.Context, old *store.User) error {
	return s.users.Drop(old.ID, old, committed)
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

// DropClient implements store.Accounts.
func (s *Store) DropClient(_ context.Context, old *store.Client) error {
	return s.clients.Drop(old.ID, old, committed)
}

// Issue implements store.Tokens.
func (s *Store) Issue(_ context.Context, access *store.Issued) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(access)
	return nil
}

// keep keeps an access token.
func (s *Store) keep(access *store.Issued) {
	s.access[access.Digest] = access.Token
	s.expiry.add(access.Token.Expires, access.Digest, false)
}

// renew makes d the current refresh token of x, which expires with it.
func (s *Store) renew(x *store.Session, d store.Digest, expires int64) {
	x.Refresh, x.Expires = d, expires
	s.refresh[d] = refresh{x.ID, expires}
	s.expiry.add(expires, d, true)
}

// Begin implements store.Tokens.
func (s *Store) Begin(_ context.Context, begun *store.Session, access *store.Issued) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := *begun
	s.sessions[x.ID] = &x
	s.renew(&x, x.Refresh, x.Expires)
	if access != nil {
		s.keep(access)
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
	out := *found
	return &out, nil
}

func (s *Store) session(id string, now int64) (*store.Session, error) {
	found := s.sessions[id]
	if found == nil || found.Expires <= now || s.feed.Ended(found) {
		return nil, store.ErrNotFound
	}
	return found, nil
}

// Rotate implements store.Tokens.
func (s *Store) Rotate(_ context.Context, r *store.Rotation) (*store.Used, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.session(r.Session, r.Now)
	if err != nil {
		return nil, err
	}
	next, given, err := found.Rotate(r)
	if err != nil {
		s.revoke(store.Event{Kind: store.KindSession, ID: r.Session, Expires: r.Horizon})
		return nil, err
	}
	if next != nil {
		s.sessions[next.ID] = next
		s.renew(next, r.New, r.Expires)
	}
	if r.Access != nil {
		s.keep(r.Access)
	}
	return given, nil
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
			delete(s.sessions, ev.ID)
		}
	}
	s.feed.Append(s.feed.Last()+1, events...)
}

// Revoked implements store.Revocations.
func (s *Store) Revoked(_ context.Context, t *store.Token, keyID string) (bool, error) {
	return s.feed.Revoked(t, keyID), nil
}

// Feed implements store.Revocations.
func (s *Store) Feed() *store.Feed { return s.feed }

// Ready implements store.Store.
func (s *Store) Ready(context.Context) error { return nil }

// Failed implements store.Store: memory does not fail.
func (s *Store) Failed() <-chan struct{} { return nil }

// Close implements store.Store.
func (s *Store) Close() error { return nil }

var _ store.Store = (*Store)(nil)
