package introspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/store"
)

// Copied counts what CopyStore has copied.
type Copied struct {
	Users, Clients, Revocations, Sessions, Tokens, Records, Keys int
}

var (
	// ErrRunning: a service works on one of the stores, so that a copy would be
	// out of date at once.
	ErrRunning = errors.New("a security service is running on it: stop it first")
	// ErrNotEmpty: there is something in the store that is copied to.
	ErrNotEmpty = errors.New("the store to copy to has accounts already")
	// ErrSameStore: both configurations name one store.
	ErrSameStore = errors.New("both configurations name the same store")
)

// CopyStore copies all that is alive in the store of one configuration to the
// empty one of another, and the signing keys unless they are in an
// environment variable. Nobody is logged out: access tokens, refresh tokens and
// revocations hold in the copy. What it lacks is refresh tokens that were used
// already, whose second use then ends no session, and counts of failed logins. A
// copy that fails is made again into an empty store.
func CopyStore(ctx context.Context, from, to Config, log *slog.Logger) (done Copied, err error) {
	from, to = from.WithDefaults(), to.WithDefaults()
	if from.Store.Kind == to.Store.Kind && (from.Store.Kind != StoreRedis && sameFolder(from.Data, to.Data)) {
		return done, ErrSameStore
	}
	for _, c := range []Config{from, to} {
		if c.Store.Kind == StoreMemory {
			return done, errNoService
		}
		if running, err := admin.Dial(ctx, socketPath(c.Data)); err == nil {
			return done, errors.Join(fmt.Errorf("%q: %w", c.Data, ErrRunning), running.Close())
		}
	}
	if err := os.MkdirAll(to.Data, 0o700); err != nil {
		return done, err
	}
	source, err := openStore(from, log)
	if err != nil {
		return done, fmt.Errorf("opening the store to copy from: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openStore(to, log)
	if err != nil {
		return done, fmt.Errorf("opening the store to copy to: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	c := copying{ctx: ctx, from: source, to: target, now: time.Now().Unix(), done: &done}
	for _, step := range []func() error{c.empty, c.accounts, c.revocations, c.live} {
		if err := step(); err != nil {
			return done, err
		}
	}
	return done, c.copyKeys(from, to)
}

func sameFolder(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// copying is one copy under way.
type copying struct {
	ctx      context.Context
	from, to store.Store
	now      int64 // Unix seconds
	done     *Copied
}

func (c *copying) empty() error {
	users, err := c.to.Users(c.ctx)
	if err != nil {
		return err
	}
	clients, err := c.to.Clients(c.ctx)
	if err != nil {
		return err
	}
	if len(users)+len(clients) > 0 {
		return ErrNotEmpty
	}
	return nil
}

func (c *copying) accounts() error {
	users, err := c.from.Users(c.ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := c.to.PutUser(c.ctx, u, nil); err != nil {
			return fmt.Errorf("user %q: %w", u.ID, err)
		}
		c.done.Users++
	}
	clients, err := c.from.Clients(c.ctx)
	if err != nil {
		return err
	}
	for _, client := range clients {
		if err := c.to.PutClient(c.ctx, client, nil); err != nil {
			return fmt.Errorf("client %q: %w", client.ID, err)
		}
		c.done.Clients++
	}
	return nil
}

// copyBatch is how many revocations and records are written at once.
const copyBatch = 500

// revocations come before what they revoke, so that nothing revoked is alive in
// the copy at any time.
func (c *copying) revocations() error {
	text, _, _, err := c.from.Feed().After(nil, "")
	if err != nil {
		return err
	}
	var feed struct{ Events []store.Event }
	if err := json.Unmarshal(text, &feed); err != nil {
		return err
	}
	for events := feed.Events; len(events) > 0; {
		n := min(len(events), copyBatch)
		if err := c.to.Revoke(c.ctx, events[:n]...); err != nil {
			return fmt.Errorf("revocations: %w", err)
		}
		c.done.Revocations += n
		events = events[n:]
	}
	return nil
}

func (c *copying) live() error {
	var records []*store.Record
	keep := func() error {
		if err := c.to.Keep(c.ctx, records...); err != nil {
			return fmt.Errorf("records: %w", err)
		}
		c.done.Records += len(records)
		records = nil
		return nil
	}
	err := c.from.Walk(c.ctx, c.now, store.Visitor{
		Session: func(x *store.Session) error {
			c.done.Sessions++
			return c.to.Begin(c.ctx, x, nil)
		},
		Access: func(t *store.Issued) error {
			c.done.Tokens++
			return c.to.Issue(c.ctx, t)
		},
		Record: func(r *store.Record) error {
			if r.Kind == store.RecordKey { // sealed for that store; see copyKeys
				return nil
			}
			if records = append(records, r); len(records) < copyBatch {
				return nil
			}
			return keep()
		},
	})
	if err != nil || len(records) == 0 {
		return err
	}
	return keep()
}

// copyKeys copies the signing keys, where neither service has them from its
// environment.
func (c *copying) copyKeys(from, to Config) error {
	if from.Keys.Env != "" || to.Keys.Env != "" {
		return nil
	}
	source, err := openKeys(from, c.from)
	if err != nil {
		return err
	}
	target, err := openKeys(to, c.to)
	if err != nil {
		return err
	}
	keys, err := source.Export()
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	added, exist, err := target.Import(keys)
	if err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	c.done.Keys = added + exist
	return nil
}
