package storetest

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/tollgate/tollgate/introspect/store"
)

func testSweep(b *bench) {
	short := make([]*store.Issued, 50)
	for i := range short {
		short[i] = b.issue(func(t *store.Token) { t.Expires = b.now + 10 })
	}
	long := b.issue(nil)
	b.sweep(b.now)
	for _, access := range short {
		b.live(access)
	}
	b.sweep(b.now + 10)
	b.now += 10
	b.live(long)
	for _, access := range short {
		b.dead(access)
	}
}

// A session that has been refreshed lives on beyond its first expiry.
func testSweepSparesRefreshed(b *bench) {
	x, _ := b.login("sid-1")
	r := b.rotation("sid-1", x.Refresh)
	r.Expires = b.now + 7200
	b.must(b.rotate(r))
	b.sweep(b.now + 3600)
	b.now += 3600
	if _, err := b.s.Session(b.Context(), r.New, b.now); err != nil {
		b.Errorf("a refreshed session: %v", err)
	}
	b.ended(x.Refresh)
}

func testRestart(b *bench) {
	ctx := b.Context()
	b.must(b.s.PutUser(ctx, &store.User{ID: "alice", Hash: "h"}, nil))
	b.must(b.s.PutClient(ctx, &store.Client{ID: "app"}, nil))
	access, gone := b.issue(nil), b.issue(nil)
	x, first := b.login("sid-1")
	r := b.rotation("sid-1", x.Refresh)
	b.must(b.rotate(r))
	y, _ := b.login("sid-2")
	b.revoke(store.KindToken, gone.Token.ID, 0)
	b.revoke(store.KindSession, "sid-2", 0)
	for i := range 10 {
		b.must(b.s.Revoke(ctx, store.Event{Kind: store.KindToken, ID: fmt.Sprint("t-", i), Expires: b.now + 1}))
	}
	_, next := b.readIDs("", 12)
	b.sweep(b.now + 2)

	b.restart()
	b.live(access)
	b.live(first)
	b.live(r.Access)
	b.dead(gone)
	b.ended(y.Refresh)
	if _, err := b.s.User(ctx, "alice"); err != nil {
		b.Errorf("user: %v", err)
	}
	if _, err := b.s.Client(ctx, "app"); err != nil {
		b.Errorf("client: %v", err)
	}
	if got := b.read(next, false); len(got.Events) != 0 || got.Reset || got.Next != next {
		b.Errorf("the feed goes on with %+v", got)
	}
	b.revoke(store.KindToken, "after", 0)
	if got, _ := b.readIDs(next, 1); got[0] != "after" {
		b.Errorf("the feed goes on with %v", got)
	}
	if err := b.rotate(b.rotation("sid-1", x.Refresh)); err != store.ErrReused {
		b.Errorf("a refresh token used before the restart: %v, not ErrReused", err)
	}
}

// A token is not to be found in what is on disk; its digest is, which shows
// that the test looked in the right place.
func testDigestsOnly(b *bench) {
	if b.Files == nil {
		b.Skip("this store writes no files")
	}
	var texts []string
	for range 200 {
		text := "tg_" + rand.Text()
		texts = append(texts, text)
		t := b.token(nil).Token
		b.must(b.s.Issue(b.Context(), &store.Issued{Digest: store.DigestOf([]byte(text)), Token: t}))
	}
	files := b.Files(b.T)
	digests := 0
	for _, text := range texts {
		if bytes.Contains(files, []byte(text)) || bytes.Contains(files, []byte(text[len("tg_"):])) {
			b.Fatal("a token is on disk")
		}
		d := store.DigestOf([]byte(text))
		if bytes.Contains(files, d[:]) || bytes.Contains(files, []byte(hex.EncodeToString(d[:]))) {
			digests++
		}
	}
	if digests != len(texts) {
		b.Errorf("%d of %d digests are on disk", digests, len(texts))
	}
}
