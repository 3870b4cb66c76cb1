package introspect

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
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
