package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/storetest"
)

// traffic is what two instances have acknowledged while their servers failed.
type traffic struct {
	t      *testing.T
	stores [2]*Store
	calls  atomic.Int64 // that worked
	failed atomic.Int64

	mu       sync.Mutex
	live     []acknowledged // tokens
	dead     []acknowledged // tokens that were revoked
	sessions []acknowledged // that were refreshed
	failures []window
}

// acknowledged is a token, or a session with its last refresh token.
type acknowledged struct {
	access  *store.Issued
	session string
	refresh store.Digest
	at      time.Time
}

// window is the time from just before a failure until the store worked again.
type window struct{ from, to time.Time }

// excused reports whether what was acknowledged then may be lost.
func (w *traffic) excused(at time.Time) bool {
	return slices.ContainsFunc(w.failures, func(x window) bool { return at.After(x.from) && at.Before(x.to) })
}

func (w *traffic) note(list *[]acknowledged, a acknowledged) {
	a.at = time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	*list = append(*list, a)
}

// work issues, revokes, begins and refreshes until ctx ends.
func (w *traffic) work(ctx context.Context, worker int) {
	s := w.stores[worker%2]
	ok := func(err error) bool {
		if err != nil {
			w.failed.Add(1)
			time.Sleep(5 * time.Millisecond)
			return false
		}
		w.calls.Add(1)
		return true
	}
	for n := 0; ctx.Err() == nil; n++ {
		now := time.Now().Unix()
		name := fmt.Sprintf("%d-%d", worker, n)
		access := &store.Issued{
			Digest: store.DigestOf([]byte(name)),
			Token:  &store.Token{ID: "t-" + name, Session: "s-" + name, Subject: "alice", ClientID: "app", Issued: now, Expires: now + 600},
		}
		if n%2 == 0 {
			if !ok(s.Issue(ctx, access)) {
				continue
			}
			if n%4 == 0 {
				if ok(s.Revoke(ctx, store.Event{Kind: store.KindToken, ID: access.Token.ID, Expires: now + 600})) {
					w.note(&w.dead, acknowledged{access: access})
				}
				continue
			}
			w.note(&w.live, acknowledged{access: access})
			continue
		}
		x := &store.Session{ID: "s-" + name, Subject: "alice", ClientID: "app", Started: now, Expires: now + 3600, Refresh: store.DigestOf([]byte("r" + name))}
		if !ok(s.Begin(ctx, x, access)) {
			continue
		}
		next := store.DigestOf([]byte("r2" + name))
		_, err := s.Rotate(ctx, &store.Rotation{Session: x.ID, Old: x.Refresh, New: next, Expires: now + 3600, Now: now, Horizon: now + 600})
		if ok(err) {
			w.note(&w.sessions, acknowledged{session: x.ID, refresh: next})
		}
	}
}

// recovered waits until calls work again on every shard, and reports how long it took.
func (w *traffic) recovered(what string) {
	w.t.Helper()
	begin := time.Now()
	var last error
	for {
		last = errors.Join(w.stores[0].Ready(w.t.Context()), w.stores[1].Ready(w.t.Context()))
		if last == nil {
			break
		}
		if time.Since(begin) > 20*time.Second {
			w.t.Fatalf("%s: not ready after 20 s: %v", what, last)
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.t.Logf("%s: ready after %v; %d calls have worked and %d have failed so far", what, time.Since(begin).Round(time.Millisecond), w.calls.Load(), w.failed.Load())
}

// follow follows the feed of a store until ctx ends, and returns what it holds then.
func follow(ctx context.Context, s *Store) map[string]bool {
	held, cursor := map[string]bool{}, ""
	for {
		text, _, changed, err := s.Feed().After(nil, cursor)
		if err == nil {
			var batch struct {
				Events []store.Event `json:"events"`
				Next   string        `json:"next"`
				Reset  bool          `json:"reset"`
			}
			if json.Unmarshal(text, &batch) != nil {
				return nil
			}
			if batch.Reset {
				clear(held)
			}
			for _, ev := range batch.Events {
				held[ev.ID] = true
			}
			cursor = batch.Next
		}
		select {
		case <-ctx.Done():
			return held
		case <-changed:
		}
	}
}

// A failover in the middle of traffic, with the old master alive and with the old
// master killed: the store works again by itself, nothing is lost that was
// acknowledged before the failure or after it, revocations least of all, and the log
// says what was lost in between.
func testFailover(t *testing.T, o Options, failures map[string]func() bool) {
	w := &traffic{t: t, stores: [2]*Store{openFleet(t, o), openFleet(t, o)}}
	for _, s := range w.stores {
		defer s.Close()
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() { w.work(ctx, i) })
	}
	following, endFollowing := context.WithCancel(t.Context())
	defer endFollowing()
	held := make(chan map[string]bool, 1)
	go func() { held <- follow(following, w.stores[1]) }()

	for _, what := range []string{"switch", "kill"} {
		time.Sleep(300 * time.Millisecond)
		x := window{from: time.Now().Add(-100 * time.Millisecond)}
		if failed := failures[what](); failed {
			// until it is noticed
			for end := time.Now().Add(5 * time.Second); w.stores[0].Ready(ctx) == nil && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond)
			}
		}
		w.recovered(what)
		x.to = time.Now().Add(time.Second) // by then all connections are to the new master
		w.failures = append(w.failures, x)
		before := w.calls.Load()
		for end := time.Now().Add(10 * time.Second); w.calls.Load() < before+200 || time.Now().Before(x.to); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: only %d calls worked in 10 s after it", what, w.calls.Load()-before)
			}
		}
	}
	stop()
	all.Wait()
	time.Sleep(200 * time.Millisecond) // the followers read what came last
	endFollowing()
	feed := <-held

	now := time.Now().Unix()
	check := t.Context()
	var lost [3]int
	miss := func(kind int, a acknowledged, format string, args ...any) {
		t.Helper()
		if lost[kind]++; !w.excused(a.at) {
			t.Errorf("acknowledged %v before the end, far from a failure: "+format, append([]any{time.Since(a.at)}, args...)...)
		}
	}
	for _, d := range w.dead {
		for i, s := range w.stores {
			_, err := s.Access(check, d.access.Digest, now)
			revoked, err2 := s.Revoked(check, d.access.Token, "")
			if !errors.Is(err, store.ErrNotFound) || !revoked || err2 != nil || !feed[d.access.Token.ID] {
				miss(0, d, "token %s was revoked, and instance %d says: Access %v, Revoked %v (%v), in the feed %v",
					d.access.Token.ID, i, err, revoked, err2, feed[d.access.Token.ID])
				break
			}
		}
	}
	for _, a := range w.live {
		if _, err := w.stores[0].Access(check, a.access.Digest, now); err != nil {
			miss(1, a, "token %s: %v", a.access.Token.ID, err)
		}
	}
	for _, a := range w.sessions {
		if found, err := w.stores[0].Session(check, a.refresh, now); err != nil || found.Refresh != a.refresh {
			miss(2, a, "session %s: %v", a.session, err)
		}
	}
	if len(w.dead) == 0 || len(w.live) == 0 || len(w.sessions) == 0 {
		t.Error("too little was acknowledged to show anything")
	}
	t.Logf("lost: %d of %d revocations, %d of %d tokens, %d of %d sessions", lost[0], len(w.dead), lost[1], len(w.live), lost[2], len(w.sessions))
}

func TestFailoverOfACluster(t *testing.T) {
	t.Parallel()
	f := storetest.StartCluster(t)
	f.Servers[5].Kill(t) // a replica that is down is no reason not to work
	testFailover(t, fleetOptions(f, "test"), map[string]func() bool{
		"switch": func() bool { f.Promote(t, 3); return false }, // the replica of 0
		"kill":   func() bool { f.Servers[1].Kill(t); return true },
	})
}

func TestFailoverUnderSentinels(t *testing.T) {
	t.Parallel()
	f := storetest.StartSentinels(t)
	testFailover(t, fleetOptions(f, "test"), map[string]func() bool{
		"switch": func() bool { f.SwitchMaster(t); return false },
		"kill":   func() bool { f.Master(t).Kill(t); return true },
	})
}
