package storetest

import (
	"fmt"
	"sync"

	"github.com/tollgate/tollgate/introspect/store"
)

func testAccess(b *bench) {
	b.live(b.issue(nil))
	b.live(b.issue(func(t *store.Token) { // as little as a token can say
		t.Session, t.Scope, t.Roles, t.Audience, t.Actor, t.Person = "", "", nil, nil, "", false
	}))
	b.live(b.issue(func(t *store.Token) { // lengths that take two bytes
		t.Subject = fmt.Sprintf("%0300d", 1)
		t.Session = fmt.Sprintf("%0200d", 2)
	}))
	b.dead(b.token(nil))
	_, access := b.login("sid-1")
	b.live(access)
}

func testAccessExpires(b *bench) {
	access := b.issue(nil)
	b.now += 59
	b.live(access)
	b.now++
	b.dead(access)
}

func testRevokeToken(b *bench) {
	access, other := b.issue(nil), b.issue(nil)
	b.live(access)
	b.revoke(store.KindToken, access.Token.ID, 0)
	b.dead(access)
	b.live(other)
	b.revoked(access.Token, "", true)
	b.revoked(other.Token, "", false)
}

func (b *bench) revoked(t *store.Token, key string, want bool) {
	b.Helper()
	got, err := b.s.Revoked(b.Context(), t, key)
	if b.must(err); got != want {
		b.Errorf("Revoked(%s) = %v", t.ID, got)
	}
}

func testRevokeSession(b *bench) {
	x, access := b.login("sid-1")
	y, other := b.login("sid-2")
	b.revoke(store.KindSession, "sid-1", 0)
	b.dead(access)
	b.ended(x.Refresh)
	b.live(other)
	if _, err := b.s.Session(b.Context(), y.Refresh, b.now); err != nil {
		b.Errorf("another session: %v", err)
	}
	if err := b.rotate(b.rotation("sid-1", x.Refresh)); err != store.ErrNotFound {
		b.Errorf("refresh after revocation: %v, not ErrNotFound", err)
	}
	b.revoked(access.Token, "", true)
	// A token without a session is not touched by one without a name.
	loose := b.issue(func(t *store.Token) { t.Session = "" })
	b.revoke(store.KindSession, "", 0)
	b.live(loose)
	b.revoked(loose.Token, "", false)
}

func testRevokeSubject(b *bench) {
	x, access := b.login("sid-1")
	later := b.issue(func(t *store.Token) { t.Issued = b.now + 1 })
	other := b.issue(func(t *store.Token) { t.Subject = "bob" })
	b.revoke(store.KindSubject, "alice", b.now)
	b.dead(access)
	b.ended(x.Refresh)
	b.live(later)
	b.live(other)
	b.revoke(store.KindSubject, "alice", b.now-10) // an older one takes nothing back
	b.dead(access)
	b.revoked(access.Token, "", true)
	b.revoked(later.Token, "", false)
}

func testRevokeClient(b *bench) {
	x, access := b.login("sid-1")
	later := b.issue(func(t *store.Token) { t.Issued = b.now + 1 })
	other := b.issue(func(t *store.Token) { t.ClientID = "reporting" })
	b.revoke(store.KindClient, "app", b.now)
	b.dead(access)
	b.ended(x.Refresh)
	b.live(later)
	b.live(other)
	b.revoked(access.Token, "", true)
	b.revoked(other.Token, "", false)
}

func testRevokeKey(b *bench) {
	access := b.issue(nil)
	b.revoke(store.KindKey, "kid-1", 0)
	b.revoked(access.Token, "kid-1", true)
	b.revoked(access.Token, "kid-2", false)
	b.live(access) // an opaque token has no key
}

func testRotateChain(b *bench) {
	x, first := b.login("sid-1")
	refresh := x.Refresh
	for range 5 {
		r := b.rotation("sid-1", refresh)
		b.must(b.rotate(r))
		b.live(r.Access)
		found, err := b.s.Session(b.Context(), r.New, b.now)
		if b.must(err); found.Refresh != r.New || found.Expires != r.Expires || found.Scope != x.Scope || found.Started != x.Started {
			b.Errorf("session is %+v after a rotation", found)
		}
		refresh = r.New
	}
	b.live(first)
}

func testRotateReuse(b *bench) {
	x, first := b.login("sid-1")
	r := b.rotation("sid-1", x.Refresh)
	b.must(b.rotate(r))
	found, err := b.s.Session(b.Context(), x.Refresh, b.now)
	if b.must(err); found.Refresh == x.Refresh {
		b.Error("a used refresh token is the session's current one")
	}
	again := b.rotation("sid-1", x.Refresh)
	if err := b.rotate(again); err != store.ErrReused {
		b.Fatalf("second use: %v, not ErrReused", err)
	}
	b.dead(first)
	b.dead(r.Access)
	b.dead(again.Access)
	b.ended(r.New)
	b.ended(x.Refresh)
	b.ended(again.New)
}

func testRotateWinner(b *bench) {
	for round := range 5 {
		id := fmt.Sprint("sid-", round)
		x, _ := b.login(id)
		var rotations [50]*store.Rotation
		var errs [50]error
		for i := range rotations {
			rotations[i] = b.rotation(id, x.Refresh)
		}
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range rotations {
			all.Go(func() {
				<-start
				errs[i] = b.rotate(rotations[i])
			})
		}
		close(start)
		all.Wait()
		won := 0
		for i, err := range errs {
			switch err {
			case nil:
				won++
				b.dead(rotations[i].Access) // the others have ended the family since
				b.ended(rotations[i].New)
			case store.ErrReused, store.ErrNotFound:
			default:
				b.Errorf("losing a race: %v", err)
			}
		}
		if won != 1 {
			b.Errorf("%d of 50 uses of one refresh token won", won)
		}
	}
}

// A revocation made while refresh tokens rotate leaves nothing alive.
func testRotateAgainstRevoke(b *bench) {
	for round := range 20 {
		id := fmt.Sprint("sid-", round)
		x, _ := b.login(id)
		r := b.rotation(id, x.Refresh)
		var all sync.WaitGroup
		all.Go(func() {
			if err := b.rotate(r); err != nil && err != store.ErrNotFound { // the token was used once
				b.Errorf("a rotation against a revocation: %v, want nil or ErrNotFound", err)
			}
		})
		all.Go(func() { b.revoke(store.KindSession, id, 0) })
		all.Wait()
		b.dead(r.Access)
		b.ended(r.New)
		b.ended(x.Refresh)
	}
}

func testSessionExpires(b *bench) {
	x, _ := b.login("sid-1")
	b.now += 3599
	if _, err := b.s.Session(b.Context(), x.Refresh, b.now); err != nil {
		b.Errorf("session in its last second: %v", err)
	}
	b.now++
	b.ended(x.Refresh)
	if err := b.rotate(b.rotation("sid-1", x.Refresh)); err != store.ErrNotFound {
		b.Errorf("refresh after expiry: %v, not ErrNotFound", err)
	}
}
