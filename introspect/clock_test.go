package introspect

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/engine/revocation"
	"github.com/tollgate/tollgate/introspect/store"
)

// jump gives the service's sweeps a clock that can be set, with a monotonic one that
// goes on, and returns the function that sets it.
func (f *fixture) jump() (set func(ahead time.Duration)) {
	var ahead atomic.Int64
	begin := time.Now()
	f.svc.clock = revocation.Clock{
		Wall:    func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
		Elapsed: func() time.Duration { return time.Since(begin) },
	}
	return func(d time.Duration) { ahead.Store(int64(d)); f.ahead.Store(int64(d)) }
}

// sweep sweeps as keepSwept does.
func (f *fixture) sweep() int {
	f.t.Helper()
	n, err := store.SweepAll(f.t.Context(), f.svc.store, f.svc.clock.Now()-seconds(sweepLag))
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

// A clock that jumps ahead and back takes back no revocation, and no session.
func TestSweepsForgetNothingThatAClockTakesBack(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		cfg.Store = StoreConfig{Kind: StorePebble, SweepEvery: time.Hour}
		f := start(t, cfg)
		set := f.jump()
		f.sweep()
		access, _ := f.mustLogin()
		_, refresh := f.mustLogin()
		f.want(f.revoke(access), 200, "")
		client := f.clientToken()
		f.want(f.revoke(client, f.asReporting()), 200, "")
		set(31 * 24 * time.Hour)
		f.sweep()
		set(0)
		if f.active(access) || f.active(client) {
			t.Error("a revoked token is active after the clock went ahead and back")
		}
		if got := f.feed("wait=0"); len(got.Events) != 3 {
			t.Errorf("the feed has %d events, want 3", len(got.Events))
		}
		f.want(f.post("/oauth2/token", []string{"grant_type", grantRefresh, "refresh_token", refresh}), 200, "")
	})
}

// A service that is started while the clock is ahead keeps the revocations that it
// finds until no token is left that they could concern.
func TestRevocationsOutliveAStartWhileTheClockIsAhead(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		cfg.Store = StoreConfig{Kind: StorePebble, SweepEvery: time.Hour}
		f := start(t, cfg)
		access, _ := f.mustLogin()
		f.want(f.revoke(access), 200, "")
		gateway := f.gateway
		f.stop()
		f = run(t, cfg)
		f.gateway = gateway
		set := f.jump()
		set(2 * time.Hour)
		f.sweep() // the first that the clock hears
		set(0)
		if f.active(access) {
			t.Error("the revoked token is active")
		}
		if got := f.feed("wait=0"); len(got.Events) != 1 {
			t.Errorf("the feed has %d events, want 1", len(got.Events))
		}
	})
}
