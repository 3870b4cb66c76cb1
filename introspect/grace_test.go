package introspect

import (
	"flag"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/storetest"
)

var (
	refreshPairs   = flag.Int("refresh-pairs", 25, "how many races of two refreshes TestRefreshRaces runs on each store")
	refreshFifties = flag.Int("refresh-fifties", 3, "how many races of fifty")
)

// graceful is quick with the grace that is the default.
func graceful(t *testing.T, format string) Config {
	cfg := cfgWith(t, format)
	cfg.Tokens.RefreshGrace = nil
	return cfg
}

// An answer that was lost on the way is asked for again: the client gets the refresh
// token that was in it, with another access token, and nobody is logged out.
func TestRefreshAnswerLost(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, graceful(t, cfg.Tokens.Format))
		f.stopClock()
		first, refresh := f.mustLogin()
		lost := f.refresh(refresh)
		f.want(lost, 200, "")
		f.advance(10 * time.Second)
		again := f.refresh(refresh)
		f.want(again, 200, "")
		if again.text(t, "refresh_token") != lost.text(t, "refresh_token") || again.text(t, "access_token") == lost.text(t, "access_token") {
			t.Error("the second answer has another refresh token, or the same access token")
		}
		next := f.refresh(again.text(t, "refresh_token"))
		f.want(next, 200, "")
		for what, token := range map[string]string{
			"first": first, "lost": lost.text(t, "access_token"), "second": again.text(t, "access_token"), "next": next.text(t, "access_token"),
		} {
			if !f.active(token) {
				t.Errorf("the %s access token is not active", what)
			}
		}
	})
}

// A refresh token that was stolen and is used after the grace ends the family, be it
// the thief who comes late or the owner.
func TestRefreshStolen(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, graceful(t, cfg.Tokens.Format))
		f.stopClock()
		access, refresh := f.mustLogin()
		used := f.refresh(refresh)
		f.want(used, 200, "")
		f.advance(11 * time.Second)
		f.want(f.refresh(refresh), 400, "invalid_grant")
		f.want(f.refresh(used.text(t, "refresh_token")), 400, "invalid_grant")
		if f.active(access) || f.active(used.text(t, "access_token")) {
			t.Error("a refresh token was used twice, and an access token of its family is active")
		}
	})
}

// With refresh_grace: 0s each refresh token works once.
func TestRefreshWithoutGrace(t *testing.T) {
	f := start(t, quick(t))
	_, refresh := f.mustLogin()
	f.want(f.refresh(refresh), 200, "")
	f.want(f.refresh(refresh), 400, "invalid_grant")
}

// Two tabs, or fifty, that refresh at the same moment: all are answered with one
// successor, and nobody is logged out.
func TestRefreshRaces(t *testing.T) {
	for _, kind := range []string{StoreMemory, StorePebble, StoreRedis} {
		t.Run(kind, func(t *testing.T) {
			cfg := graceful(t, FormatOpaque)
			cfg.Store.Kind = kind
			if kind == StoreRedis {
				cfg.Store.Redis.Address = storetest.StartRedis(t).Address()
				cfg.Keys.Seal = sealed(t)
			}
			f := start(t, cfg)
			_, refresh := f.mustLogin()
			race := func(n int) {
				replies := make([]reply, n)
				var all sync.WaitGroup
				for i := range replies {
					all.Go(func() { replies[i] = f.refresh(refresh) })
				}
				all.Wait()
				for _, r := range replies {
					f.want(r, 200, "")
					if t.Failed() {
						t.FailNow()
					}
					if r.text(t, "refresh_token") != replies[0].text(t, "refresh_token") {
						t.Fatal("two refreshes at once are given different refresh tokens")
					}
				}
				refresh = replies[0].text(t, "refresh_token")
			}
			for range *refreshPairs {
				race(2)
			}
			for range *refreshFifties {
				race(50)
			}
		})
	}
}
