package admin

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/authorize"
	"github.com/tollgate/tollgate/introspect/store"
)

// AddClient implements Admin.
func (l *Local) AddClient(ctx context.Context, n NewClient) (Client, string, error) {
	if err := checkClient(n); err != nil {
		return Client{}, "", err
	}
	secret := string(n.Secret)
	if n.Public {
		// It has none.
	} else if n.Secret == nil {
		secret = account.NewSecret(n.ID)
	} else if err := account.CheckSecret(n.Secret); err != nil {
		return Client{}, "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &store.Client{
		ID: n.ID, Roles: n.Roles, Scopes: n.Scopes,
		Audiences: n.Audiences, Service: n.Service, Created: l.now(),
		Name: n.Name, RedirectURIs: n.RedirectURIs, PostLogoutURIs: n.PostLogoutURIs, Public: n.Public, FirstParty: n.FirstParty, RequirePAR: n.RequirePAR,
	}
	if !n.Public {
		c.SetSecrets(store.Secret{Digest: store.DigestOf([]byte(secret)), Made: c.Created})
	}
	var old *store.Client
	if n.Replace {
		var err error
		if old, err = l.Store.Client(ctx, n.ID); err != nil {
			return Client{}, "", wrap(err, n.ID)
		}
		c.Created = old.Created
	} else if err := l.free(ctx, n.ID); err != nil {
		return Client{}, "", err
	}
	if err := l.Store.PutClient(ctx, c, old); err != nil {
		return Client{}, "", wrap(err, n.ID)
	}
	if n.Replace {
		if err := l.bar(ctx, n.ID, store.KindClient, store.KindSubject); err != nil {
			return Client{}, "", err
		}
	}
	l.Log.Info("audit", "event", "client added", "client", n.ID, "roles", n.Roles, "service", n.Service, "replaced", n.Replace)
	return clientInfo(c), secret, nil
}

// Clients implements Admin.
func (l *Local) Clients(ctx context.Context) ([]Client, error) {
	clients, err := l.Store.Clients(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Client, len(clients))
	for i, c := range clients {
		list[i] = clientInfo(c)
	}
	return list, nil
}

// DisableClient implements Admin.
func (l *Local) DisableClient(ctx context.Context, id string) (Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, err := l.Store.Client(ctx, id)
	if err != nil {
		return Client{}, wrap(err, id)
	}
	c := *old
	c.Disabled = true
	if err := l.Store.PutClient(ctx, &c, old); err != nil {
		return Client{}, wrap(err, id)
	}
	if err := l.bar(ctx, id, store.KindClient, store.KindSubject); err != nil {
		return Client{}, err
	}
	l.Log.Info("audit", "event", "client disabled", "client", id)
	return clientInfo(&c), nil
}

func checkClient(n NewClient) error {
	if err := account.CheckClientID(n.ID); err != nil {
		return err
	}
	if err := account.CheckRoles(n.Roles); err != nil {
		return err
	}
	if account.CheckScopes(n.Audiences) != nil {
		return ErrAudience
	}
	if err := account.CheckScopes(n.Scopes); err != nil {
		return err
	}
	return n.check(n)
}

// check reports what does not go together.
func (a Application) check(n NewClient) error {
	for _, uri := range append(slices.Clone(a.RedirectURIs), a.PostLogoutURIs...) {
		if err := authorize.CheckRedirectURI(uri); err != nil {
			return fmt.Errorf("%w: %q: %w", ErrApplication, uri, err)
		}
	}
	switch {
	case a.Public && len(a.RedirectURIs) == 0:
		return fmt.Errorf("%w: a public client is an application, and needs a redirect URI", ErrApplication)
	case a.Public && n.Service:
		return fmt.Errorf("%w: a service client needs a secret, and a public one has none", ErrApplication)
	case a.Public && n.Secret != nil:
		return fmt.Errorf("%w: a public client has no secret", ErrApplication)
	case (a.FirstParty || a.RequirePAR || len(a.PostLogoutURIs) > 0 || a.Name != "") && len(a.RedirectURIs) == 0:
		return fmt.Errorf("%w: without a redirect URI it logs nobody in", ErrApplication)
	case !utf8.ValidString(a.Name) || len(a.Name) > 100:
		return fmt.Errorf("%w: its name is longer than 100 bytes, or no UTF-8", ErrApplication)
	}
	return nil
}

func clientInfo(c *store.Client) Client {
	return Client{
		ID: c.ID, Roles: list(c.Roles), Scopes: list(c.Scopes), Audiences: list(c.Audiences),
		Service: c.Service, Disabled: c.Disabled, Created: c.Created,
		Application: Application{c.Name, c.RedirectURIs, c.PostLogoutURIs, c.Public, c.FirstParty, c.RequirePAR},
	}
}
