package pebble

import (
	"context"
	"encoding/json"

	"github.com/tollgate/tollgate/introspect/store"
)

// User implements store.Accounts.
func (s *Store) User(_ context.Context, id string) (*store.User, error) {
	if s.broken.Load() {
		return nil, store.ErrFailed
	}
	return s.users.Get(id)
}

// Users implements store.Accounts.
func (s *Store) Users(context.Context) ([]*store.User, error) { return s.users.List(), nil }

// PutUser implements store.Accounts.
func (s *Store) PutUser(_ context.Context, u, old *store.User) error {
	return s.users.Put(u.ID, u, old, func() error { return s.put(nameKey(prefixUser, u.ID), u) })
}

// DropUser implements store.Accounts.
func (s *Store) DropUser(_ context.Context, old *store.User) error {
	return s.users.Drop(old.ID, old, func() error { return s.drop(nameKey(prefixUser, old.ID)) })
}

// Client implements store.Accounts.
func (s *Store) Client(_ context.Context, id string) (*store.Client, error) {
	if s.broken.Load() {
		return nil, store.ErrFailed
	}
	return s.clients.Get(id)
}

// Clients implements store.Accounts.
func (s *Store) Clients(context.Context) ([]*store.Client, error) { return s.clients.List(), nil }

// PutClient implements store.Accounts.
func (s *Store) PutClient(_ context.Context, c, old *store.Client) error {
	return s.clients.Put(c.ID, c, old, func() error { return s.put(nameKey(prefixClient, c.ID), c) })
}

// DropClient implements store.Accounts.
func (s *Store) DropClient(_ context.Context, old *store.Client) error {
	return s.clients.Drop(old.ID, old, func() error { return s.drop(nameKey(prefixClient, old.ID)) })
}

func (s *Store) drop(k []byte) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	b := s.db.NewBatch()
	remove(b, k)
	return s.commit(b)
}

func (s *Store) put(k []byte, account any) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	v, err := json.Marshal(account)
	if err != nil {
		return err
	}
	b := s.db.NewBatch()
	set(b, k, v)
	return s.commit(b)
}
