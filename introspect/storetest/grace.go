package storetest

import (
	"flag"
	"fmt"
	"sync"

	"github.com/tollgate/tollgate/introspect/store"
)

var (
	races   = flag.Int("races", 40, "how many races of two refreshes are run on each store")
	fifties = flag.Int("fifties", 4, "how many races of fifty")
)

// graced is the use of old, the refresh token of session id, with a grace of ten
// seconds. What is sealed stands for the successor.
func (b *bench) graced(id string, old store.Digest) *store.Rotation {
	r := b.rotation(id, old)
	r.Grace, r.Sealed = 10, store.Successor(r.New)
	return r
}

// given checks that a rotation is given the successor want.
func (b *bench) given(r *store.Rotation, want store.Digest) {
	b.Helper()
	given, err := b.s.Rotate(b.Context(), r)
	if err != nil || given == nil || given.Sealed != store.Successor(want) {
		b.Fatalf("a refresh token that was just used: %+v, %v; want its successor", given, err)
	}
	b.live(r.Access)
}

// An answer is lost on the way: the token is presented again, gives another access
// token and the same successor, and that works.
func testGrace(b *bench) {
	x, first := b.login("sid-1")
	r := b.graced("sid-1", x.Refresh)
	b.must(b.rotate(r))
	b.given(b.graced("sid-1", x.Refresh), r.New)
	b.now += 10
	last := b.graced("sid-1", x.Refresh)
	b.given(last, r.New)
	next := b.graced("sid-1", r.New)
	b.must(b.rotate(next))
	b.given(b.graced("sid-1", r.New), next.New)
	for _, access := range []*store.Issued{first, r.Access, last.Access, next.Access} {
		b.live(access)
	}
	found, err := b.s.Session(b.Context(), next.New, b.now)
	if b.must(err); found.Refresh != next.New {
		b.Error("the last successor is not the session's current refresh token")
	}
}

// A token that was stolen and is used after the grace ends the family, and so does
// any use where there is no grace.
func testGraceEnds(b *bench) {
	use := func(id string, wait, grace int64) {
		x, first := b.login(id)
		r := b.graced(id, x.Refresh)
		b.must(b.rotate(r))
		b.now += wait
		stolen := b.graced(id, x.Refresh)
		stolen.Grace = grace
		if given, err := b.s.Rotate(b.Context(), stolen); err != store.ErrReused || given != nil {
			b.Errorf("%d s after its use, with a grace of %d s: %+v, %v; want ErrReused", wait, grace, given, err)
		}
		b.ended(r.New)
		b.dead(first)
		b.dead(r.Access)
		b.dead(stolen.Access)
	}
	use("sid-late", 11, 10)
	use("sid-later", 30, 10)
	use("sid-none", 0, 0)
	// Of many uses within the grace the last ones are remembered.
	x, _ := b.login("sid-many")
	refresh := x.Refresh
	for range 20 {
		r := b.graced("sid-many", refresh)
		b.must(b.rotate(r))
		refresh = r.New
	}
	if _, err := b.s.Rotate(b.Context(), b.graced("sid-many", x.Refresh)); err != store.ErrReused {
		b.Errorf("the first of twenty refresh tokens: %v, not ErrReused", err)
	}
}

// Races of two and of fifty lose no session: one call makes the successor, all others
// are given it, and it works.
func testGraceRaces(b *bench) {
	race := func(id string, n int) {
		x, _ := b.login(id)
		rotations := make([]*store.Rotation, n)
		given := make([]*store.Used, n)
		errs := make([]error, n)
		for i := range rotations {
			rotations[i] = b.graced(id, x.Refresh)
		}
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range rotations {
			all.Go(func() {
				<-start
				given[i], errs[i] = b.s.Rotate(b.Context(), rotations[i])
			})
		}
		close(start)
		all.Wait()
		won := -1
		for i, err := range errs {
			b.must(err)
			if given[i] == nil {
				if won >= 0 {
					b.Fatalf("%s: two calls made a successor", id)
				}
				won = i
			}
		}
		if won < 0 {
			b.Fatalf("%s: no call made a successor", id)
		}
		for i, g := range given {
			if i != won && g.Sealed != store.Successor(rotations[won].New) {
				b.Fatalf("%s: a call is given another successor", id)
			}
			b.live(rotations[i].Access)
		}
		b.must(b.rotate(b.graced(id, rotations[won].New)))
	}
	for i := range *races {
		race(fmt.Sprint("two-", i), 2)
	}
	for i := range *fifties {
		race(fmt.Sprint("fifty-", i), 50)
	}
}

// Revoked sessions stay ended within the grace.
func testGraceAgainstRevoke(b *bench) {
	for round := range 20 {
		id := fmt.Sprint("sid-", round)
		x, _ := b.login(id)
		r := b.graced(id, x.Refresh)
		b.must(b.rotate(r))
		again := b.graced(id, x.Refresh)
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := b.s.Rotate(b.Context(), again); err != nil && err != store.ErrNotFound {
				b.Errorf("a refresh during a revocation: %v", err)
			}
		})
		all.Go(func() { b.revoke(store.KindSession, id, 0) })
		all.Wait()
		b.dead(r.Access)
		b.dead(again.Access)
		b.ended(r.New)
		if _, err := b.s.Rotate(b.Context(), b.graced(id, x.Refresh)); err != store.ErrNotFound {
			b.Errorf("a refresh after a revocation: %v, not ErrNotFound", err)
		}
	}
}
