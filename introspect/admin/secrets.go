package admin

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/store"
)

// AddSecret implements Admin.
func (l *Local) AddSecret(ctx context.Context, client string, given []byte) (Secret, string, error) {
	secret := string(given)
	if given == nil {
		secret = account.NewSecret(client)
	} else if err := account.CheckSecret(given); err != nil {
		return Secret{}, "", err
	}
	added := store.Secret{Digest: store.DigestOf([]byte(secret)), Made: l.now()}
	err := l.changeSecrets(ctx, client, func(c *store.Client, have []store.Secret) ([]store.Secret, error) {
		switch {
		case c.Public:
			return nil, ErrPublic
		case slices.ContainsFunc(have, func(s store.Secret) bool { return s.Digest == added.Digest }):
			return nil, ErrSameSecret
		case len(have) >= 2:
			return nil, ErrTwoSecrets
		}
		return append(have, added), nil
	})
	if err != nil {
		return Secret{}, "", err
	}
	info := secretInfo(added)
	l.Log.Info("audit", "event", "client secret added", "client", client, "secret", info.ID)
	return info, secret, nil
}

// Secrets implements Admin.
func (l *Local) Secrets(ctx context.Context, client string) ([]Secret, error) {
	c, err := l.Store.Client(ctx, client)
	if err != nil {
		return nil, wrap(err, client)
	}
	list := []Secret{}
	for _, s := range c.Secrets() {
		list = append(list, secretInfo(s))
	}
	return list, nil
}

// RemoveSecret implements Admin.
func (l *Local) RemoveSecret(ctx context.Context, client, id string) (Secret, error) {
	var removed Secret
	err := l.changeSecrets(ctx, client, func(_ *store.Client, have []store.Secret) ([]store.Secret, error) {
		i := slices.IndexFunc(have, func(s store.Secret) bool { return secretInfo(s).ID == id })
		switch {
		case i < 0:
			return nil, fmt.Errorf("%w: %q", ErrNoSecret, id)
		case len(have) == 1:
			return nil, ErrLastSecret
		}
		removed = secretInfo(have[i])
		return slices.Delete(have, i, i+1), nil
	})
	if err != nil {
		return Secret{}, err
	}
	l.Log.Info("audit", "event", "client secret removed", "client", client, "secret", id)
	return removed, nil
}

// changeSecrets puts what change returns in the place of the secrets that a
// client has.
func (l *Local) changeSecrets(ctx context.Context, client string, change func(*store.Client, []store.Secret) ([]store.Secret, error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, err := l.Store.Client(ctx, client)
	if err != nil {
		return wrap(err, client)
	}
	list, err := change(old, old.Secrets())
	if err != nil {
		return err
	}
	next := *old
	next.SetSecrets(list...)
	return wrap(l.Store.PutClient(ctx, &next, old), client)
}

func secretInfo(s store.Secret) Secret {
	return Secret{ID: hex.EncodeToString(s.Digest[:4]), Created: s.Made}
}
