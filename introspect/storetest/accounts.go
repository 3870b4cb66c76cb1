package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/tollgate/tollgate/introspect/store"
)

func testAccounts(b *bench) {
	ctx := b.Context()
	alice := &store.User{ID: "alice", Hash: "$argon2id$", Roles: []string{"customer"}, Created: b.now}
	bob := &store.User{ID: "bob", Hash: "$argon2id$", Scopes: []string{"read"}, Disabled: true, Created: b.now}
	app := &store.Client{ID: "alice", Secret: store.DigestOf([]byte("secret")), Audiences: []string{"orders"}, Service: true, Created: b.now}
	b.must(b.s.PutUser(ctx, bob, nil))
	b.must(b.s.PutUser(ctx, alice, nil))
	b.must(b.s.PutClient(ctx, app, nil)) // users and clients do not share ids here
	if _, err := b.s.User(ctx, "carol"); !errors.Is(err, store.ErrNotFound) {
		b.Errorf("unknown user: %v", err)
	}
	if _, err := b.s.Client(ctx, "bob"); !errors.Is(err, store.ErrNotFound) {
		b.Errorf("unknown client: %v", err)
	}
	users, err := b.s.Users(ctx)
	if b.must(err); !reflect.DeepEqual(users, []*store.User{alice, bob}) {
		b.Errorf("users are %v", users)
	}
	clients, err := b.s.Clients(ctx)
	if b.must(err); !reflect.DeepEqual(clients, []*store.Client{app}) {
		b.Errorf("clients are %v", clients)
	}
	got, err := b.s.Client(ctx, "alice")
	if b.must(err); !reflect.DeepEqual(got, app) {
		b.Errorf("client is %v", got)
	}
}

// Of changes made to the same account at the same time, one is made; the others
// learn that they were too late.
func testAccountsChangeOnce(b *bench) {
	ctx := b.Context()
	b.must(b.s.PutUser(ctx, &store.User{ID: "alice", Hash: "0"}, nil))
	if err := b.s.PutUser(ctx, &store.User{ID: "alice", Hash: "again"}, nil); !errors.Is(err, store.ErrChanged) {
		b.Errorf("creating a user twice: %v, not ErrChanged", err)
	}
	old, err := b.s.User(ctx, "alice")
	b.must(err)
	var won []string
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			next := &store.User{ID: "alice", Hash: fmt.Sprint("next ", i)}
			switch err := b.s.PutUser(ctx, next, old); {
			case err == nil:
				mu.Lock()
				won = append(won, next.Hash)
				mu.Unlock()
			case !errors.Is(err, store.ErrChanged):
				b.Errorf("losing a race: %v, not ErrChanged", err)
			}
		})
	}
	all.Wait()
	got, err := b.s.User(ctx, "alice")
	if b.must(err); len(won) != 1 || got.Hash != won[0] {
		b.Errorf("%q won, and %q is stored", won, got.Hash)
	}
}
