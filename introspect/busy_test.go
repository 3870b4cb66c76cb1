package introspect

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/account"
)

// Of 200 logins at once as many are held as the queue takes, and each of the
// others is told when to come again.
func TestExcessLoginsAreRefused(t *testing.T) {
	cfg := quick(t)
	cfg.Login.Concurrency, cfg.Login.Queue, cfg.Login.Wait = 1, 4, time.Minute
	cfg.Login.PerPair.Burst = 1000
	f := start(t, cfg)
	var mu sync.Mutex
	outcomes := map[int]int{}
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			resp, err := http.Post(f.url+"/login", "application/json", strings.NewReader(`{"id":"alice","password":"wrong"}`))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			outcomes[resp.StatusCode]++
			if resp.StatusCode == 503 && resp.Header.Get("Retry-After") != "2" {
				t.Errorf("Retry-After is %q", resp.Header.Get("Retry-After"))
			}
		})
	}
	all.Wait()
	if outcomes[401]+outcomes[503] != 200 || outcomes[401] < 5 || outcomes[503] == 0 {
		t.Errorf("logins were answered %v", outcomes)
	}
	// What was refused for want of a turn is no failed try.
	if r := f.login("alice", alicePassword); r.status != 200 {
		t.Errorf("login afterwards: %d %s", r.status, r.body)
	}
}

// A login at which a hashing process hung is told to come again, as any that has
// no turn.
func TestHungHashIsBusy(t *testing.T) {
	for err, want := range map[error]*refusal{
		account.ErrHung: errBusy,
		errors.New("hashing process died twice at one password: signal: killed"): errUnavailable,
	} {
		if got := refused(err); got != want || got.status != 503 || got.wait <= 0 {
			t.Errorf("%v is answered with %+v, want %+v", err, got, want)
		}
	}
}
