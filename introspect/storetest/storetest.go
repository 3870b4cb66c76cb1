// Package storetest holds every store to the contract of package store. The
// test of a store says how to open it; Run does the rest.
package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
)

// A Harness opens a store of the kind under test.
type Harness struct {
	// Open opens the store in place, which is empty at first. Where Restart is
	// given it is called again after a restart and finds what was there.
	Open func(t *testing.T) store.Store
	// Restart ends an open store as hard as its kind allows: nothing is closed
	// in order. Nil for a store that does not outlive its process.
	Restart func(t *testing.T, s store.Store)
	// Sharded says that the feed has several shards, whose events may come in
	// another order than they were made.
	Sharded bool
	// Files are the contents of all files that the store has written; nil for a
	// store without any.
	Files func(t *testing.T) []byte
}

// Run runs the suite; each test has a harness, and so a store, of its own.
func Run(t *testing.T, harness func(t *testing.T) Harness) {
	run := func(name string, test func(b *bench)) {
		t.Run(name, func(t *testing.T) {
			b := &bench{T: t, Harness: harness(t), now: time.Now().Unix()}
			b.s = b.Open(t)
			defer func() {
				if err := b.s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			test(b)
		})
	}
	run("Accounts", testAccounts)
	run("AccountsChangeOnce", testAccountsChangeOnce)
	run("AccountsDrop", testAccountsDrop)
	run("Walk", testWalk)
	run("AccessIssuedIsFound", testAccess)
	run("AccessExpires", testAccessExpires)
	run("RevokeToken", testRevokeToken)
	run("RevokeSession", testRevokeSession)
	run("RevokeSubject", testRevokeSubject)
	run("RevokeClient", testRevokeClient)
	run("RevokeKey", testRevokeKey)
	run("RotateChain", testRotateChain)
	run("RotateReuseEndsFamily", testRotateReuse)
	run("RotateOneWinnerOfFifty", testRotateWinner)
	run("RotateAgainstRevoke", testRotateAgainstRevoke)
	run("Grace", testGrace)
	run("GraceEnds", testGraceEnds)
	run("GraceRaces", testGraceRaces)
	run("GraceAgainstRevoke", testGraceAgainstRevoke)
	run("EndHoldsOnceSeen", testEndHolds)
	run("SessionExpires", testSessionExpires)
	run("FeedOrder", testFeedOrder)
	run("FeedResumes", testFeedResumes)
	run("FeedForeignCursor", testFeedForeign)
	run("FeedCompaction", testFeedCompaction)
	run("FeedConcurrent", testFeedConcurrent)
	run("Sweep", testSweep)
	run("SweepSparesRefreshed", testSweepSparesRefreshed)
	run("RestartKeepsEverything", testRestart)
	run("DigestsOnly", testDigestsOnly)
	run("Records", testRecords)
	run("RecordsExpire", testRecordsExpire)
	run("RecordChangesOnce", testRecordChangesOnce)
	run("RecordsRestart", testRecordsRestart)
}

// bench is one test at work on one store.
type bench struct {
	*testing.T
	Harness
	s   store.Store
	now int64
	n   int
}

// restart opens the store again after a hard end, or skips the test.
func (b *bench) restart() {
	b.Helper()
	if b.Restart == nil {
		b.Skip("this store does not outlive its process")
	}
	b.Harness.Restart(b.T, b.s)
	b.s = b.Open(b.T)
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// text is a new token of no particular form.
func (b *bench) text() string {
	b.n++
	return fmt.Sprintf("tg_secret-%s-%06d", b.Name(), b.n)
}

// issue stores an access token that lives for a minute.
func (b *bench) issue(change func(*store.Token)) *store.Issued {
	b.Helper()
	issued := b.token(change)
	b.must(b.s.Issue(b.Context(), issued))
	return issued
}

func (b *bench) token(change func(*store.Token)) *store.Issued {
	text := b.text()
	t := &store.Token{
		ID: "jti-" + text, Session: "sid-" + text, Subject: "alice", ClientID: "app", Scope: "read write",
		Roles: []string{"customer", "auditor"}, Audience: []string{"orders"}, Actor: `{"sub":"billing"}`,
		Person: true, Issued: b.now, Expires: b.now + 60,
	}
	if change != nil {
		change(t)
	}
	return &store.Issued{Digest: store.DigestOf([]byte(text)), Token: t}
}

// login stores a session that lives for an hour, with an access token.
func (b *bench) login(id string) (*store.Session, *store.Issued) {
	b.Helper()
	access := b.token(func(t *store.Token) { t.Session = id })
	x := &store.Session{
		ID: id, Subject: "alice", ClientID: "app", Scope: "read", Audience: []string{"orders"},
		Started: b.now, Expires: b.now + 3600, Refresh: store.DigestOf([]byte(b.text())),
	}
	b.must(b.s.Begin(b.Context(), x, access))
	return x, access
}

// rotation is the use of old, the refresh token of session id.
func (b *bench) rotation(id string, old store.Digest) *store.Rotation {
	return &store.Rotation{
		Session: id, Old: old, New: store.DigestOf([]byte(b.text())), Expires: b.now + 3600,
		Access: b.token(func(t *store.Token) { t.Session = id }), Now: b.now, Horizon: b.now + 60,
	}
}

// rotate is for rotations without a grace, which are given nothing.
func (b *bench) rotate(r *store.Rotation) error {
	given, err := b.s.Rotate(b.Context(), r)
	if given != nil {
		b.Errorf("a rotation without a grace is given %+v", given)
	}
	return err
}

// live checks that an access token is found, whole.
func (b *bench) live(want *store.Issued) {
	b.Helper()
	got, err := b.s.Access(b.Context(), want.Digest, b.now)
	if err != nil {
		b.Errorf("access token %s: %v", want.Token.ID, err)
		return
	}
	if string(store.AppendToken(nil, got)) != string(store.AppendToken(nil, want.Token)) {
		b.Errorf("access token is %+v, not %+v", got, want.Token)
	}
}

// dead checks that an access token is not found.
func (b *bench) dead(gone *store.Issued) {
	b.Helper()
	if _, err := b.s.Access(b.Context(), gone.Digest, b.now); err != store.ErrNotFound {
		b.Errorf("access token %s: %v, not ErrNotFound", gone.Token.ID, err)
	}
}

// ended checks that a refresh token finds no session.
func (b *bench) ended(refresh store.Digest) {
	b.Helper()
	if _, err := b.s.Session(b.Context(), refresh, b.now); err != store.ErrNotFound {
		b.Errorf("session: %v, not ErrNotFound", err)
	}
}

func (b *bench) revoke(kind store.Kind, id string, before int64) {
	b.Helper()
	b.must(b.s.Revoke(b.Context(), store.Event{Kind: kind, ID: id, Before: before, Expires: b.now + 60}))
}
