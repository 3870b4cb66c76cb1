package redis

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

// User implements store.Accounts.
func (s *Store) User(ctx context.Context, id string) (*store.User, error) {
	return get[store.User](ctx, s, s.keys.users(), id)
}

// Users implements store.Accounts.
func (s *Store) Users(ctx context.Context) ([]*store.User, error) {
	users, err := all[store.User](ctx, s, s.keys.users())
	slices.SortFunc(users, func(a, b *store.User) int { return cmp.Compare(a.ID, b.ID) })
	return users, err
}

// PutUser implements store.Accounts.
func (s *Store) PutUser(ctx context.Context, u, old *store.User) error {
	return put(ctx, s, s.keys.users(), u.ID, u, old)
}

// DropUser implements store.Accounts.
func (s *Store) DropUser(ctx context.Context, old *store.User) error {
	return drop(ctx, s, s.keys.users(), old.ID, old)
}

// Client implements store.Accounts. An answer is up to a second old.
func (s *Store) Client(ctx context.Context, id string) (*store.Client, error) {
	if c := s.clients.get(id); c != nil {
		return c, nil
	}
	begun := time.Now()
	c, err := get[store.Client](ctx, s, s.keys.clients(), id)
	if err != nil {
		return nil, err
	}
	s.clients.put(c, begun)
	return c, nil
}

// Clients implements store.Accounts.
func (s *Store) Clients(ctx context.Context) ([]*store.Client, error) {
	clients, err := all[store.Client](ctx, s, s.keys.clients())
	slices.SortFunc(clients, func(a, b *store.Client) int { return cmp.Compare(a.ID, b.ID) })
	return clients, err
}

// PutClient implements store.Accounts.
func (s *Store) PutClient(ctx context.Context, c, old *store.Client) error {
	err := put(ctx, s, s.keys.clients(), c.ID, c, old)
	s.clients.drop(c.ID)
	return err
}

// DropClient implements store.Accounts.
func (s *Store) DropClient(ctx context.Context, old *store.Client) error {
	err := drop(ctx, s, s.keys.clients(), old.ID, old)
	s.clients.drop(old.ID)
	return err
}

func get[T any](ctx context.Context, s *Store, key, id string) (*T, error) {
	a, _, err := getText[T](ctx, s, key, id)
	return a, err
}

// getText returns the account as it is stored, too.
func getText[T any](ctx context.Context, s *Store, key, id string) (a *T, text []byte, err error) {
	text, err = s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Hget().Key(key).Field(id).Build() }).AsBytes()
	if rueidis.IsRedisNil(err) {
		return nil, nil, store.ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	a = new(T)
	return a, text, json.Unmarshal(text, a)
}

func all[T any](ctx context.Context, s *Store, key string) ([]*T, error) {
	texts, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Hvals().Key(key).Build() }).AsStrSlice()
	if err != nil {
		return nil, err
	}
	list := make([]*T, len(texts))
	for i, text := range texts {
		list[i] = new(T)
		if err := json.Unmarshal([]byte(text), list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// put stores next in place of old.
func put[T any](ctx context.Context, s *Store, key, id string, next, old *T) error {
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	var was []byte
	if old != nil {
		if was, err = unchanged(ctx, s, key, id, old); err != nil {
			return err
		}
	}
	return swapped(s.run(ctx, putScript, []string{key}, id, string(text), string(was)))
}

func drop[T any](ctx context.Context, s *Store, key, id string, old *T) error {
	was, err := unchanged(ctx, s, key, id, old)
	if err != nil {
		return err
	}
	return swapped(s.run(ctx, dropScript, []string{key}, id, string(was)))
}

// unchanged is the text of the account as it is stored, if that says what old says.
// It was written by this version of the program or by another, which may have
// written the same account in another way.
func unchanged[T any](ctx context.Context, s *Store, key, id string, old *T) ([]byte, error) {
	now, text, err := getText[T](ctx, s, key, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, store.ErrChanged
	}
	if err != nil {
		return nil, err
	}
	if same, err := equal(now, old); err != nil || !same {
		return nil, cmp.Or(err, store.ErrChanged)
	}
	return text, nil
}

// swapped reads the answer of a script that compares and swaps.
func swapped(r rueidis.RedisResult) error {
	done, err := r.AsInt64()
	if err == nil && done == 0 {
		return store.ErrChanged
	}
	return err
}

// equal compares accounts as they are written.
func equal[T any](a, b *T) (bool, error) {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return bytes.Equal(x, y), errors.Join(err1, err2)
}

// clientFor is how long a client's account is remembered.
const clientFor = time.Second

// clientCache remembers clients' accounts.
type clientCache struct {
	mu sync.RWMutex
	m  map[string]seenClient
}

type seenClient struct {
	*store.Client
	at time.Time
}

func (c *clientCache) init() { c.m = map[string]seenClient{} }

func (c *clientCache) get(id string) *store.Client {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if seen, ok := c.m[id]; ok && time.Since(seen.at) < clientFor {
		return seen.Client
	}
	return nil
}

func (c *clientCache) put(client *store.Client, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[client.ID] = seenClient{client, at}
}

func (c *clientCache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.m, id)
}
