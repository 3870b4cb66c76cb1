package introspect

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/storetest"
)

// A copy of a store goes on where the original ended: from Pebble to Redis and
// back, tokens work, what is revoked stays revoked, and keys are the same.
func TestCopyStore(t *testing.T) {
	server := storetest.StartRedis(t)
	first := quick(t)
	first.Store.Kind = StorePebble
	first.Tokens.Format = FormatOpaque
	second := quick(t)
	second.Store.Kind, second.Store.Redis.Address = StoreRedis, server.Address()
	second.Tokens.Format = FormatOpaque
	second.Keys.Seal.File = filepath.Join(t.TempDir(), "seal")
	if err := os.WriteFile(second.Keys.Seal.File, []byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEF\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	third := quick(t)
	third.Store.Kind = StorePebble
	third.Tokens.Format = FormatOpaque

	f := start(t, first)
	access, refresh := f.mustLogin()
	gone, goneRefresh := f.mustLogin()
	f.post("/oauth2/revoke", []string{"token", gone}, f.asGateway())
	now := time.Now().Unix()
	consent := &store.Record{Kind: store.RecordConsent, Digest: store.DigestOf([]byte("c")), Owner: "alice", Value: []byte("x\x00y"), Expires: now + 3600}
	if err := f.svc.store.Keep(t.Context(), consent); err != nil {
		t.Fatal(err)
	}
	if _, err := CopyStore(t.Context(), first, second, discard()); !errors.Is(err, ErrRunning) {
		t.Fatalf("copying from under a running service: %v, wanted %v", err, ErrRunning)
	}
	f.stop()
	if _, err := CopyStore(t.Context(), first, first, discard()); !errors.Is(err, ErrSameStore) {
		t.Fatalf("copying a store to itself: %v, wanted %v", err, ErrSameStore)
	}

	for i, step := range []struct{ from, to Config }{{first, second}, {second, third}} {
		done, err := CopyStore(t.Context(), step.from, step.to, discard())
		if err != nil {
			t.Fatal(err)
		}
		if done.Users != 1 || done.Clients != 2 || done.Sessions != 1 || done.Tokens < 1 || done.Records != 1 || done.Revocations < 1 || done.Keys < 1 {
			t.Errorf("copy %d: %+v, wanted 1 user, 2 clients, 1 session, 1 record, and tokens, revocations and keys", i+1, done)
		}
		if _, err := CopyStore(t.Context(), step.from, step.to, discard()); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("copying a second time: %v, wanted %v", err, ErrNotEmpty)
		}
		g := run(t, step.to)
		g.gateway, g.reporting = f.gateway, f.reporting
		if !g.active(access) {
			t.Errorf("copy %d: the access token does not work", i+1)
		}
		if g.active(gone) {
			t.Errorf("copy %d: a revoked token works", i+1)
		}
		g.want(g.post("/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", goneRefresh}), 400, "invalid_grant")
		r := g.post("/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", refresh})
		g.want(r, 200, "")
		refresh = r.text(t, "refresh_token")
		g.want(g.login("alice", "wrong"), 401, "invalid_grant")
		kept, err := g.svc.store.Owned(t.Context(), store.RecordConsent, "alice", now)
		if err != nil || len(kept) != 1 || string(kept[0].Value) != string(consent.Value) {
			t.Errorf("copy %d: consents %+v (%v), wanted %+v", i+1, kept, err, consent)
		}
		g.stop()
	}
}
