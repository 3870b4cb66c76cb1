package torture

import (
	"context"
	"flag"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tollgate/tollgate/introspect"
	"github.com/tollgate/tollgate/introspect/storetest"
)

var pairsFor = flag.Duration("pairs", 500*time.Millisecond, "how long TestPairs works on each store")

// TestPairs makes every pair of revocations, refreshes and reuses of one session
// at the same time, in all stores and with both formats of tokens, and introspects
// meanwhile. What each call answered must be what a store that does one thing
// after another could have answered. Refresh tokens work once with opaque access
// tokens, and within a grace with JWTs.
func TestPairs(t *testing.T) {
	for _, kind := range []string{introspect.StoreMemory, introspect.StorePebble, introspect.StoreRedis} {
		for _, format := range []string{introspect.FormatOpaque, introspect.FormatJWT} {
			t.Run(kind+"/"+format, func(t *testing.T) {
				cfg := config(t.TempDir())
				cfg.Store.Kind, cfg.Tokens.Format = kind, format
				if format == introspect.FormatJWT {
					cfg.Tokens.RefreshGrace = new(time.Minute)
				}
				if kind == introspect.StoreRedis {
					cfg.Store.Redis.Address = storetest.StartRedis(t).Address()
					t.Setenv("TOLLGATE_TEST_SEAL", "kPq3vX9bLm2RtYw7ZsHc5NdJf8GaEuQ1")
					cfg.Keys.Seal.Env = "TOLLGATE_TEST_SEAL"
				}
				testPairs(t, cfg)
			})
		}
	}
}

func testPairs(t *testing.T, cfg introspect.Config) {
	srv := serveHere(t, cfg)
	l := &ledger{start: time.Now(), accepted: map[string]int{}}
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			defer c.CloseIdleConnections()
			random := rand.New(rand.NewPCG(7, uint64(i)))
			for time.Since(l.start) < *pairsFor {
				s, err := l.login(srv, c, i)
				if err == nil && random.IntN(2) == 0 {
					err = l.refresh(srv, c, i, s)
				}
				if err == nil {
					err = l.pair(srv, c, i, s, random)
				}
				if err == nil {
					err = l.ask(srv, c, i, s)
				}
				if err != nil {
					l.fault("%v", err)
					return
				}
			}
		})
	}
	all.Wait()
	for _, f := range l.faults {
		t.Error(f)
	}
	if got := porcupine.CheckOperationsTimeout(newModel(*cfg.Tokens.RefreshGrace > 0), l.history, time.Minute); got != porcupine.Ok {
		t.Errorf("the histories of the sessions are %s", got)
	}
	if len(l.accepted) == 0 {
		t.Error("no refresh worked, which shows nothing")
	}
	t.Logf("%d calls in histories, %d refreshes", len(l.history), len(l.accepted))
}

// serveHere serves in this process until the test ends.
func serveHere(t *testing.T, cfg introspect.Config) *server {
	t.Helper()
	svc, err := introspect.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	srv := &server{dir: cfg.Data}
	srv.makeAccounts(t, svc.Admin())
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	adminListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- svc.Serve(ctx, public, adminListener) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := svc.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	url := "http://" + public.Addr().String()
	srv.url.Store(&url)
	return srv
}
