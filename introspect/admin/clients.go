package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/authorize"
	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/store"
)

// AddClient implements Admin.
func (l *Local) AddClient(ctx context.Context, n NewClient) (Client, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var old *store.Client
	if n.Replace {
		var err error
		if old, err = l.Store.Client(ctx, n.ID); err != nil {
			return Client{}, "", wrap(err, n.ID)
		}
		n.keep(old)
	}
	if err := checkClient(n); err != nil {
		return Client{}, "", err
	}
	if !n.Replace {
		if err := l.free(ctx, n.ID); err != nil {
			return Client{}, "", err
		}
	}
	secret := string(n.Secret)
	if n.Public {
		// It has none.
	} else if n.Secret == nil {
		secret = account.NewSecret(n.ID)
	} else if err := account.CheckSecret(n.Secret); err != nil {
		return Client{}, "", err
	}
	c := &store.Client{
		ID: n.ID, Roles: n.Roles, Scopes: n.Scopes,
		Audiences: n.Audiences, Service: n.Service, Created: l.now(),
		Name: n.Name, RedirectURIs: n.RedirectURIs, PostLogoutURIs: n.PostLogoutURIs, Public: n.Public, FirstParty: n.FirstParty, RequirePAR: n.RequirePAR,
		TokenFormat: n.TokenFormat, TokenAlg: n.TokenAlg, IDTokenAlg: n.IDTokenAlg,
	}
	if !n.Public {
		c.SetSecrets(store.Secret{Digest: store.DigestOf([]byte(secret)), Made: c.Created})
	}
	if old != nil {
		c.Created, c.Disabled = old.Created, old.Disabled
	}
	if err := l.Store.PutClient(ctx, c, old); err != nil {
		return Client{}, "", wrap(err, n.ID)
	}
	event := "client added"
	if n.Replace {
		event = "client replaced"
		if err := l.bar(ctx, n.ID, store.KindClient, store.KindSubject); err != nil {
			return Client{}, "", err
		}
	}
	l.auditClient(event, c)
	return clientInfo(c), secret, nil
}

// keep fills in what n does not name, so that replacing a client changes nothing
// by accident. What was on stays on.
func (n *NewClient) keep(old *store.Client) {
	for _, f := range []struct {
		to  *[]string
		was []string
	}{
		{&n.Roles, old.Roles}, {&n.Scopes, old.Scopes}, {&n.Audiences, old.Audiences},
		{&n.RedirectURIs, old.RedirectURIs}, {&n.PostLogoutURIs, old.PostLogoutURIs},
	} {
		if *f.to == nil {
			*f.to = f.was
		}
	}
	n.Name = cmp.Or(n.Name, old.Name)
	n.TokenFormat, n.TokenAlg = cmp.Or(n.TokenFormat, old.TokenFormat), cmp.Or(n.TokenAlg, old.TokenAlg)
	n.IDTokenAlg = cmp.Or(n.IDTokenAlg, old.IDTokenAlg)
	n.Service = n.Service || old.Service
	n.Public = n.Public || old.Public
	n.FirstParty = n.FirstParty || old.FirstParty
	n.RequirePAR = n.RequirePAR || old.RequirePAR
}

func (l *Local) auditClient(event string, c *store.Client) {
	l.Log.Info("audit", "event", event, "client", c.ID, "roles", c.Roles, "scopes", c.Scopes, "service", c.Service, "disabled", c.Disabled)
}

// changeClient stores what change makes of a client, where that goes together.
// The client's tokens are revoked where change returns true.
func (l *Local) changeClient(ctx context.Context, id, event string, change func(*store.Client) (ends bool)) (Client, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, err := l.Store.Client(ctx, id)
	if err != nil {
		return Client{}, wrap(err, id)
	}
	c := *old
	ends := change(&c)
	if err := checkClient(NewClient{
		ID: c.ID, Roles: c.Roles, Scopes: c.Scopes, Audiences: c.Audiences, Service: c.Service, Application: clientInfo(&c).Application,
		TokenForm: clientInfo(&c).TokenForm,
	}); err != nil {
		return Client{}, err
	}
	if err := l.Store.PutClient(ctx, &c, old); err != nil {
		return Client{}, wrap(err, id)
	}
	if ends {
		if err := l.bar(ctx, id, store.KindClient, store.KindSubject); err != nil {
			return Client{}, err
		}
	}
	l.auditClient(event, &c)
	return clientInfo(&c), nil
}

// SetClient implements Admin.
func (l *Local) SetClient(ctx context.Context, n ClientChange) (Client, error) {
	return l.changeClient(ctx, n.ID, "client changed", func(c *store.Client) (ends bool) {
		for _, f := range []struct{ next, of *[]string }{{n.Roles, &c.Roles}, {n.Scopes, &c.Scopes}, {n.Audiences, &c.Audiences}} {
			if f.next != nil {
				ends = ends || takesAway(*f.of, *f.next)
				*f.of = *f.next
			}
		}
		if n.Service != nil {
			ends = ends || c.Service && !*n.Service
			c.Service = *n.Service
		}
		if n.RedirectURIs != nil {
			c.RedirectURIs = *n.RedirectURIs
		}
		if n.PostLogoutURIs != nil {
			c.PostLogoutURIs = *n.PostLogoutURIs
		}
		for _, f := range []struct{ next, of *string }{{n.TokenFormat, &c.TokenFormat}, {n.TokenAlg, &c.TokenAlg}, {n.IDTokenAlg, &c.IDTokenAlg}} {
			if f.next != nil {
				*f.of = *f.next
			}
		}
		if n.Name != nil {
			c.Name = *n.Name
		}
		if n.FirstParty != nil {
			c.FirstParty = *n.FirstParty
		}
		if n.RequirePAR != nil {
			c.RequirePAR = *n.RequirePAR
		}
		return ends
	})
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
	return l.changeClient(ctx, id, "client disabled", func(c *store.Client) (ends bool) {
		c.Disabled = true
		return true
	})
}

// EnableClient implements Admin.
func (l *Local) EnableClient(ctx context.Context, id string) (Client, error) {
	return l.changeClient(ctx, id, "client enabled", func(c *store.Client) (ends bool) {
		c.Disabled = false
		return false
	})
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
	if err := n.TokenForm.check(); err != nil {
		return err
	}
	return n.Application.check(n)
}

func (f TokenForm) check() error {
	if f.TokenFormat != "" && f.TokenFormat != "jwt" && f.TokenFormat != "opaque" {
		return fmt.Errorf("%w: token format %q is not jwt or opaque", ErrApplication, f.TokenFormat)
	}
	for _, alg := range []string{f.TokenAlg, f.IDTokenAlg} {
		if alg != "" && !slices.Contains(signing.Algorithms, alg) {
			return fmt.Errorf("%w: algorithm %q is not one of %s", ErrApplication, alg, strings.Join(signing.Algorithms, ", "))
		}
	}
	return nil
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
		TokenForm:   TokenForm{c.TokenFormat, c.TokenAlg, c.IDTokenAlg},
	}
}
