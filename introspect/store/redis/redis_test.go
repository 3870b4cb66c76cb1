package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/storetest"
)

// testBlock is short, since each test closes stores.
const testBlock = 20 * time.Millisecond

func open(t *testing.T, srv *storetest.Redis) *Store {
	t.Helper()
	st, err := Open(context.Background(), Options{Addresses: []string{srv.Address()}, Prefix: "test", Timeout: 2 * time.Second, blockFor: testBlock})
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		srv := storetest.StartRedis(t)
		return storetest.Harness{
			Open: func(t *testing.T) store.Store { return open(t, srv) },
			Restart: func(t *testing.T, s store.Store) {
				srv.Kill(t)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				srv.Start(t)
			},
			Files: func(t *testing.T) []byte { return storetest.Contents(t, srv.Dir) },
		}
	})
}

// What one instance does the others see at once.
func TestInstancesShareOneStore(t *testing.T) {
	srv := storetest.StartRedis(t)
	a, b := open(t, srv), open(t, srv)
	defer a.Close()
	defer b.Close()
	ctx := t.Context()
	now := time.Now().Unix()
	for i := range 200 {
		access := &store.Issued{
			Digest: store.DigestOf(fmt.Append(nil, i)),
			Token:  &store.Token{ID: fmt.Sprint("t-", i), Subject: "alice", ClientID: "app", Issued: now, Expires: now + 60},
		}
		if err := a.Issue(ctx, access); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Access(ctx, access.Digest, now); err != nil {
			t.Fatalf("a token issued by the other instance: %v", err)
		}
		if err := b.Revoke(ctx, store.Event{Kind: store.KindToken, ID: access.Token.ID, Expires: now + 60}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Access(ctx, access.Digest, now); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("a token revoked by the other instance: %v", err)
		}
	}
	feeds := [2]string{feedOf(t, a, 200), feedOf(t, b, 200)}
	if feeds[0] != feeds[1] {
		t.Error("the instances tell different orders")
	}
}

func feedOf(t *testing.T, s *Store, n int) string {
	t.Helper()
	for s.Feed().Len() < n {
		_, _, changed, err := s.Feed().After(nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if s.Feed().Len() >= n {
			break
		}
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatal("the feed does not come")
		}
	}
	text, _, _, err := s.Feed().After(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A lost server is an error, whatever is asked, and one that is back is
// found again.
func TestServerLost(t *testing.T) {
	srv := storetest.StartRedis(t)
	s := open(t, srv)
	defer s.Close()
	ctx := t.Context()
	now := time.Now().Unix()
	access := &store.Issued{
		Digest: store.DigestOf([]byte("token")),
		Token:  &store.Token{ID: "t", Subject: "alice", ClientID: "app", Issued: now, Expires: now + 60},
	}
	if err := s.Issue(ctx, access); err != nil {
		t.Fatal(err)
	}
	srv.Kill(t)
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s without a server: %v", what, err)
		}
	}
	_, err := s.Access(ctx, access.Digest, now)
	refused("Access", err)
	_, err = s.Revoked(ctx, access.Token, "")
	refused("Revoked", err)
	refused("Issue", s.Issue(ctx, access))
	refused("Revoke", s.Revoke(ctx, store.Event{Kind: store.KindToken, ID: "t", Expires: now + 60}))
	refused("Ready", s.Ready(ctx))
	eventually(t, "the feed stalls", func() bool {
		_, _, _, err := s.Feed().After(nil, "")
		return err != nil
	})
	srv.Start(t)
	eventually(t, "the store is ready again", func() bool { return s.Ready(ctx) == nil })
	if _, err := s.Access(ctx, access.Digest, now); err != nil {
		t.Errorf("after the server is back: %v", err)
	}
	if err := s.Revoke(ctx, store.Event{Kind: store.KindToken, ID: "t", Expires: now + 60}); err != nil {
		t.Fatal(err)
	}
	feedOf(t, s, 1)
}

// A server that comes back empty is another feed, and its followers are told.
func TestServerLosesItsData(t *testing.T) {
	srv := storetest.StartRedis(t)
	s := open(t, srv)
	defer s.Close()
	ctx := t.Context()
	now := time.Now().Unix()
	ev := store.Event{Kind: store.KindToken, ID: "t", Expires: now + 60}
	if err := s.Revoke(ctx, ev); err != nil {
		t.Fatal(err)
	}
	feedOf(t, s, 1)
	before := s.Feed().Epoch()
	if err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Flushall().Build() }).Error(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the epoch changes", func() bool { return s.Feed().Epoch() != before })
	if err := s.Revoke(ctx, ev); err != nil {
		t.Fatal(err)
	}
	feedOf(t, s, 1)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// A server that may forget revocations is refused.
func TestEvictionIsRefused(t *testing.T) {
	srv := storetest.StartRedis(t, "--maxmemory-policy", "allkeys-lru")
	_, err := Open(t.Context(), Options{Addresses: []string{srv.Address()}, Prefix: "test", Timeout: 2 * time.Second, blockFor: testBlock})
	if !errors.Is(err, ErrEviction) {
		t.Errorf("Open: %v, not ErrEviction", err)
	}
}

// The password is not told when it is wrong.
func TestPassword(t *testing.T) {
	srv := storetest.StartRedis(t)
	s := open(t, srv)
	defer s.Close()
	if err := s.do(t.Context(), func(b rueidis.Builder) rueidis.Completed {
		return b.ConfigSet().ParameterValue().ParameterValue("requirepass", "a-good-password").Build()
	}).Error(); err != nil {
		t.Fatal(err)
	}
	good, err := Open(t.Context(), Options{Addresses: []string{srv.Address()}, Password: "a-good-password", Prefix: "test", Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	good.Close()
	_, err = Open(t.Context(), Options{Addresses: []string{srv.Address()}, Password: "a-wrong-password", Prefix: "test", Timeout: 2 * time.Second})
	if err == nil || strings.Contains(err.Error(), "a-wrong-password") {
		t.Errorf("Open with a wrong password: %v", err)
	}
}

// A mark that is set twice keeps what is later of both.
func TestMarkKeepsTheLater(t *testing.T) {
	srv := storetest.StartRedis(t)
	s := open(t, srv)
	defer s.Close()
	ctx := t.Context()
	now := time.Now().Unix()
	for _, ev := range []store.Event{
		{Kind: store.KindSubject, ID: "alice", Before: now, Expires: now + 1000},
		{Kind: store.KindSubject, ID: "alice", Before: now - 5, Expires: now + 10},
	} {
		if err := s.Revoke(ctx, ev); err != nil {
			t.Fatal(err)
		}
	}
	key := s.keys.revoked(store.KindSubject, "alice")
	before, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Get().Key(key).Build() }).AsInt64()
	if err != nil || before != now {
		t.Errorf("mark is %d (%v), not %d", before, err, now)
	}
	ttl, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Ttl().Key(key).Build() }).AsInt64()
	if err != nil || ttl < 1000 {
		t.Errorf("mark lives for %d s (%v)", ttl, err)
	}
}

func TestEntryID(t *testing.T) {
	f := func(id string, want uint64) {
		t.Helper()
		got, err := parseID(id)
		if err != nil || got != want || entryID(got) != id {
			t.Errorf("parseID(%q) = %d, %v, and back %q", id, got, err, entryID(got))
		}
	}
	f("0-1", 1)
	f("1700000000000-0", 1700000000000<<seqBits)
	f("1700000000000-1048575", 1700000000000<<seqBits|1048575)
	for _, id := range []string{"", "1", "1-", "x-1", "1-1048576", "17592186044416-0", "-1-1"} {
		if _, err := parseID(id); !errors.Is(err, errEntry) {
			t.Errorf("parseID(%q): %v, not errEntry", id, err)
		}
	}
}

// An access token that has just expired is found as of the time when it had not.
func TestExpiredTokenIsKeptForAWhile(t *testing.T) {
	st := open(t, storetest.StartRedis(t))
	defer st.Close()
	now := time.Now().Unix()
	var digests []store.Digest
	for i := range 2 {
		a := &store.Issued{Digest: store.DigestOf([]byte{byte(i)}), Token: &store.Token{ID: fmt.Sprint("t-", i), Session: "s", Subject: "alice", ClientID: "app", Issued: now - 9, Expires: now - 1}}
		digests = append(digests, a.Digest)
		var err error
		if i == 0 {
			err = st.Issue(t.Context(), a)
		} else {
			err = st.Begin(t.Context(), &store.Session{ID: "s", Subject: "alice", ClientID: "app", Started: now - 9, Expires: now + 60, Refresh: store.DigestOf([]byte("r"))}, a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range digests {
		if _, err := st.Access(t.Context(), d, now); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("now: %v, not ErrNotFound", err)
		}
		if _, err := st.Access(t.Context(), d, now-5); err != nil {
			t.Errorf("five seconds ago: %v", err)
		}
	}
}
