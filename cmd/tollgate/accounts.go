package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/tollgate/tollgate/examples/webapp"
	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
)

// The accounts of dev.
var (
	demoUsers = []admin.NewUser{
		{ID: "customer-1", Roles: []string{"customer"}},
		{ID: "customer-2", Roles: []string{"customer"}},
		{ID: "admin-1", Roles: []string{"admin"}},
	}
	demoClient = admin.NewClient{ID: "reporting", Roles: []string{"auditor"}}
	// What the parts of the demo call each other as.
	demoServices = []string{"gateway", "orders"}
)

// secrets are the demo's, by account.
type secrets map[string]string

// secrets returns those of demo.json, which is made at the first start.
func (f folder) secrets() (s secrets, first bool, err error) {
	text, first, err := f.once("demo.json", func() ([]byte, error) {
		s := secrets{demoClient.ID: account.NewSecret(demoClient.ID)}
		for _, u := range demoUsers {
			s[u.ID] = rand.Text()
		}
		return json.MarshalIndent(s, "", "  ")
	})
	if err != nil {
		return nil, false, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, false, fmt.Errorf("%s is damaged: %w; delete it to have new secrets made", f.path("demo.json"), err)
	}
	return s, first, nil
}

// furnish makes the accounts that are missing, and gives those whose secret
// was made now that secret, whatever they had before.
func (f folder) furnish(ctx context.Context, ops admin.Admin, app webapp.Config) (s secrets, first bool, err error) {
	if s, first, err = f.secrets(); err != nil {
		return nil, false, err
	}
	for _, u := range demoUsers {
		u.Password = []byte(s[u.ID])
		if err := ensureUser(ctx, ops, u, first); err != nil {
			return nil, false, fmt.Errorf("making the account %s: %w", u.ID, err)
		}
	}
	clients := map[string]admin.NewClient{demoClient.ID: demoClient}
	given := map[string]bool{demoClient.ID: first}
	keep := maps.Clone(s)
	for _, id := range demoServices {
		text, made, err := f.once(filepath.Join("secrets", id), func() ([]byte, error) { return []byte(account.NewSecret(id)), nil })
		if err != nil {
			return nil, false, err
		}
		clients[id], given[id], keep[id] = admin.NewClient{ID: id, Service: true}, made, string(text)
	}
	for id, c := range clients {
		c.Secret = []byte(keep[id])
		if err := ensureClient(ctx, ops, c, given[id]); err != nil {
			return nil, false, fmt.Errorf("making the client %s: %w", id, err)
		}
	}
	if err := ensureClient(ctx, ops, application(app), false); err != nil {
		return nil, false, fmt.Errorf("making the client %s: %w", app.ClientID, err)
	}
	// What the gateway proves itself with to the orders service.
	_, _, err = f.once(filepath.Join("secrets", "upstream"), func() ([]byte, error) { return []byte(rand.Text() + rand.Text()), nil })
	return s, first, err
}

// application is the demo's example application as a client.
func application(app webapp.Config) admin.NewClient {
	return admin.NewClient{ID: app.ClientID, Application: admin.Application{
		Name: "the example application", RedirectURIs: []string{app.Callback()}, PostLogoutURIs: []string{app.AfterLogout()},
		Public: true, FirstParty: true,
	}}
}

// ensureUser adds u. One that is there is left alone, unless its password is
// new.
func ensureUser(ctx context.Context, ops admin.Admin, u admin.NewUser, renew bool) error {
	_, err := ops.AddUser(ctx, u)
	if errors.Is(err, admin.ErrExists) {
		err = nil
		if u.Replace = renew; renew {
			_, err = ops.AddUser(ctx, u)
		}
	}
	return err
}

func ensureClient(ctx context.Context, ops admin.Admin, c admin.NewClient, renew bool) error {
	_, _, err := ops.AddClient(ctx, c)
	if errors.Is(err, admin.ErrExists) {
		err = nil
		if c.Replace = renew; renew {
			_, _, err = ops.AddClient(ctx, c)
		}
	}
	return err
}
