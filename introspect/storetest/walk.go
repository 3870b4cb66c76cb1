package storetest

import (
	"errors"
	"reflect"

	"github.com/tollgate/tollgate/introspect/store"
)

// An account that is deleted is gone, also after a restart, and its id can be
// given to another; one that has changed meanwhile stays.
func testAccountsDrop(b *bench) {
	ctx := b.Context()
	b.must(b.s.PutUser(ctx, &store.User{ID: "alice", Hash: "0"}, nil))
	b.must(b.s.PutClient(ctx, &store.Client{ID: "app"}, nil))
	first, err := b.s.User(ctx, "alice")
	b.must(err)
	b.must(b.s.PutUser(ctx, &store.User{ID: "alice", Hash: "1"}, first))
	if err := b.s.DropUser(ctx, first); !errors.Is(err, store.ErrChanged) {
		b.Errorf("deleting a user that has changed: %v, wanted ErrChanged", err)
	}
	now, err := b.s.User(ctx, "alice")
	b.must(err)
	b.must(b.s.DropUser(ctx, now))
	if err := b.s.DropUser(ctx, now); !errors.Is(err, store.ErrChanged) {
		b.Errorf("deleting a user twice: %v, wanted ErrChanged", err)
	}
	app, err := b.s.Client(ctx, "app")
	b.must(err)
	b.must(b.s.DropClient(ctx, app))
	gone := func() {
		b.Helper()
		if _, err := b.s.User(ctx, "alice"); !errors.Is(err, store.ErrNotFound) {
			b.Errorf("deleted user: %v, wanted ErrNotFound", err)
		}
		if _, err := b.s.Client(ctx, "app"); !errors.Is(err, store.ErrNotFound) {
			b.Errorf("deleted client: %v, wanted ErrNotFound", err)
		}
	}
	gone()
	if b.Restart != nil {
		b.restart()
		gone()
	}
	b.must(b.s.PutUser(ctx, &store.User{ID: "alice", Hash: "2"}, nil))
}

// A walk visits what is alive, whole, and nothing else.
func testWalk(b *bench) {
	ctx := b.Context()
	x, access := b.login("sid-alive")
	b.login("sid-ended")
	b.revoke(store.KindSession, "sid-ended", 0)
	expired := b.token(func(t *store.Token) { t.Expires = b.now + 1 })
	b.must(b.s.Issue(ctx, expired))
	r := &store.Record{Kind: store.RecordBrowser, Digest: store.DigestOf([]byte("r")), Owner: "alice", Value: []byte("one\x00two"), Expires: b.now + 60}
	b.must(b.s.Keep(ctx, r))

	var sessions []*store.Session
	tokens := map[store.Digest]*store.Token{}
	var records []*store.Record
	b.must(b.s.Walk(ctx, b.now+2, store.Visitor{
		Session: func(x *store.Session) error { sessions = append(sessions, x); return nil },
		Access:  func(i *store.Issued) error { tokens[i.Digest] = i.Token; return nil },
		Record:  func(r *store.Record) error { records = append(records, r); return nil },
	}))
	if want := []*store.Session{x}; !reflect.DeepEqual(sessions, want) {
		b.Errorf("sessions visited: %+v, wanted %+v", sessions, want)
	}
	if t := tokens[access.Digest]; t == nil || string(store.AppendToken(nil, t)) != string(store.AppendToken(nil, access.Token)) {
		b.Errorf("the live access token was visited as %+v, wanted %+v", t, access.Token)
	}
	if t := tokens[expired.Digest]; t != nil {
		b.Errorf("an expired access token was visited: %+v", t)
	}
	if want := []*store.Record{r}; !reflect.DeepEqual(records, want) {
		b.Errorf("records visited: %+v, wanted %+v", records, want)
	}
	stop := errors.New("stop")
	err := b.s.Walk(ctx, b.now, store.Visitor{Session: func(*store.Session) error { return stop }})
	if !errors.Is(err, stop) {
		b.Errorf("a walk whose visitor fails: %v, wanted its error", err)
	}
}
