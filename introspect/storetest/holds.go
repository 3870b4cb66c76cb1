package storetest

import (
	"fmt"
	"sync"

	"github.com/tollgate/tollgate/introspect/store"
)

// A session that one call finds ended is ended for every call that begins after
// it: its access tokens are dead, and the feed says so. This holds even while the
// call that ends the session has not returned, because the answer to the first
// call is an acknowledgement too.
func testEndHolds(b *bench) {
	ends := map[string]func(x *store.Session, used store.Digest) error{
		"revocation": func(x *store.Session, _ store.Digest) error {
			return b.s.Revoke(b.Context(), store.Event{Kind: store.KindSession, ID: x.ID, Expires: b.now + 60})
		},
		"reuse": func(x *store.Session, used store.Digest) error {
			if err := b.rotate(b.rotation(x.ID, used)); err != store.ErrReused {
				return fmt.Errorf("reuse: %v, not ErrReused", err)
			}
			return nil
		},
	}
	finds := map[string]func(x *store.Session, current store.Digest) error{
		"session": func(_ *store.Session, current store.Digest) error {
			_, err := b.s.Session(b.Context(), current, b.now)
			return err
		},
		"used token's session": func(x *store.Session, _ store.Digest) error {
			_, err := b.s.Session(b.Context(), x.Refresh, b.now)
			return err
		},
	}
	for end, finish := range ends {
		for find, lookUp := range finds {
			for round := range 40 {
				id := fmt.Sprintf("sid-%s-%s-%d", end, find, round)
				x, access := b.login(id)
				r := b.rotation(id, x.Refresh)
				b.must(b.rotate(r))
				jwt := &store.Token{ID: "jwt-" + id, Session: id, Subject: "alice", ClientID: "app", Issued: b.now, Expires: b.now + 60}
				var all sync.WaitGroup
				all.Go(func() {
					if err := finish(x, x.Refresh); err != nil {
						b.Errorf("%s: %v", end, err)
					}
				})
				var found error
				for found == nil {
					found = lookUp(x, r.New)
				}
				if found != store.ErrNotFound {
					b.Errorf("%s during %s: %v, not ErrNotFound", find, end, found)
				}
				b.dead(access)
				b.dead(r.Access)
				b.revoked(jwt, "", true)
				all.Wait()
				if b.Failed() {
					b.Fatalf("%s answered ErrNotFound in round %d before the %s held", find, round, end)
				}
			}
		}
	}
}
