package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/store"
)

// Local is an Admin over an open store. Its fields do not change once it is in
// use.
type Local struct {
	Store   store.Store
	Keyring *signing.Keyring
	Hasher  *account.Hasher
	Log     *slog.Logger
	Now     func() time.Time

	LoginClient string        // the id that logins go by, which no account may have
	Lead        time.Duration // between the publication of a key and its first signature
	RefreshTTL  time.Duration // the longest life of a session that is not used
	SessionTTL  time.Duration // the longest life of a browser's login

	MinPassword int // characters that a new password has at least

	mu sync.Mutex // one change at a time, so that an id is not given out twice
}

// Close does nothing: the store belongs to whoever opened it.
func (l *Local) Close() error { return nil }

func (l *Local) now() int64 { return l.Now().Unix() }

// free reports whether an id may be given to a new account.
func (l *Local) free(ctx context.Context, id string) error {
	if account.IDKey(id) == account.IDKey(l.LoginClient) {
		return fmt.Errorf("%w: %q", ErrReserved, id)
	}
	taken, err := l.taken(ctx)
	if err != nil {
		return err
	}
	return taken.check(id)
}

// takenIDs are the ids of all accounts by their account.IDKey.
type takenIDs map[string]string

func (l *Local) taken(ctx context.Context) (takenIDs, error) {
	users, err := l.Store.Users(ctx)
	if err != nil {
		return nil, err
	}
	clients, err := l.Store.Clients(ctx)
	if err != nil {
		return nil, err
	}
	t := make(takenIDs, len(users)+len(clients))
	for _, u := range users {
		t.add(u.ID)
	}
	for _, c := range clients {
		t.add(c.ID)
	}
	return t, nil
}

func (t takenIDs) add(id string) { t[account.IDKey(id)] = id }

func (t takenIDs) check(id string) error {
	switch other, taken := t[account.IDKey(id)]; {
	case !taken:
		return nil
	case other == id:
		return fmt.Errorf("%w: %q", ErrExists, id)
	default:
		return fmt.Errorf("%w: %q reads like %q, which is there", ErrExists, id, other)
	}
}

// bar revokes what a subject or a client holds. The account must have been
// changed before, so that nothing is issued to it with a later time.
func (l *Local) bar(ctx context.Context, id string, kinds ...store.Kind) error {
	now := l.now()
	end := now + max(l.Keyring.Tail(), seconds(l.RefreshTTL), seconds(l.SessionTTL))
	var events []store.Event
	for _, kind := range kinds {
		events = append(events, store.Event{Kind: kind, ID: id, Before: now, Expires: end})
	}
	return l.Store.Revoke(ctx, events...)
}

// seconds rounds up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

func wrap(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	if errors.Is(err, store.ErrChanged) {
		return fmt.Errorf("%w: %q", ErrChanged, id)
	}
	return err
}
