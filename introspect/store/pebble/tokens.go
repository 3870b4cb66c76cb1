package pebble

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/tollgate/tollgate/introspect/store"
)

// Issue implements store.Tokens.
func (s *Store) Issue(_ context.Context, access *store.Issued) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	return s.issue(access)
}

// issue keeps an access token, for a call that has entered.
func (s *Store) issue(access *store.Issued) error {
	if err := s.write(write{accessRecord(access)}); err != nil {
		return err
	}
	s.hot.Put(access.Digest, access.Token)
	return nil
}

// Begin implements store.Tokens.
func (s *Store) Begin(_ context.Context, begun *store.Session, access *store.Issued) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	return s.save(begun, access)
}

// Access implements store.Tokens.
func (s *Store) Access(_ context.Context, d store.Digest, now int64) (*store.Token, error) {
	if s.broken.Load() {
		return nil, store.ErrFailed
	}
	t := s.hot.Get(d)
	if t == nil {
		var err error
		if t, err = s.stored(d); err != nil {
			return nil, err
		}
		if t.Expires > now {
			s.hot.Put(d, t)
		}
	}
	if t.Expires <= now || s.feed.Revoked(t, "") {
		return nil, store.ErrNotFound
	}
	return t, nil
}

// stored reads an access token from the database.
func (s *Store) stored(d store.Digest) (*store.Token, error) {
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	v, err := s.get(digestKey(prefixAccess, d))
	if err != nil {
		return nil, err
	}
	return store.DecodeToken(v)
}

// Session implements store.Tokens.
func (s *Store) Session(_ context.Context, refresh store.Digest, now int64) (*store.Session, error) {
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	v, err := s.get(digestKey(prefixRefresh, refresh))
	if err != nil {
		return nil, err
	}
	expires, id, ok := splitRefresh(v)
	if !ok {
		return nil, fmt.Errorf("refresh token: %w", errDamaged)
	}
	if expires <= now {
		return nil, store.ErrNotFound
	}
	lock := s.lock(id)
	lock.Lock()
	defer lock.Unlock()
	return s.session(id, now)
}

// session reads a session. The caller holds its lock: Pebble shows a commit to
// readers before it is synced, and whoever commits a change of a session holds
// the lock until the change is durable and the feed has it.
func (s *Store) session(id string, now int64) (*store.Session, error) {
	v, err := s.get(nameKey(prefixSession, id))
	if err != nil {
		return nil, err
	}
	found, err := store.DecodeSession(v)
	if err != nil {
		return nil, err
	}
	if found.Expires <= now || s.feed.Ended(found) {
		return nil, store.ErrNotFound
	}
	return found, nil
}

// Rotate implements store.Tokens.
func (s *Store) Rotate(_ context.Context, r *store.Rotation) (*store.Used, error) {
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	lock := s.lock(r.Session)
	lock.Lock()
	defer lock.Unlock()
	found, err := s.session(r.Session, r.Now)
	if err != nil {
		return nil, err
	}
	next, given, err := found.Rotate(r)
	if err != nil {
		ev := store.Event{Kind: store.KindSession, ID: r.Session, Expires: r.Horizon}
		return nil, cmp.Or(s.enqueue(ev), err)
	}
	if next != nil {
		return nil, s.save(next, r.Access)
	}
	if r.Access == nil {
		return given, nil
	}
	return given, s.issue(r.Access)
}

// save writes a session with its current refresh token, and an access token.
func (s *Store) save(x *store.Session, access *store.Issued) error {
	w := sessionRecords(x)
	if access != nil {
		w = append(w, accessRecord(access))
	}
	if err := s.write(w); err != nil {
		return err
	}
	if access != nil {
		s.hot.Put(access.Digest, access.Token)
	}
	return nil
}

func sessionRecords(x *store.Session) write {
	return write{
		{key: digestKey(prefixRefresh, x.Refresh), value: appendRefresh(nil, x.Expires, x.ID), expires: x.Expires},
		{key: nameKey(prefixSession, x.ID), value: store.AppendSession(nil, x), expires: x.Expires},
	}
}

func accessRecord(access *store.Issued) record {
	return record{key: digestKey(prefixAccess, access.Digest), value: store.AppendToken(nil, access.Token), expires: access.Token.Expires}
}

func (s *Store) lock(session string) *sync.Mutex { return &s.sessions[s.lockIndex(session)] }

func (s *Store) lockIndex(session string) int {
	return int(maphash.String(s.seed, session) % uint64(len(s.sessions)))
}
