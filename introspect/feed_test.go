package introspect

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/storetest"
)

type feedBatch struct {
	Events []struct {
		Kind, ID string
	} `json:"events"`
	Next  string `json:"next"`
	Reset bool   `json:"reset"`
}

func (f *fixture) feed(query string) (b feedBatch) {
	f.t.Helper()
	r := f.send("GET", "/revocations?"+query, "", "", f.asGateway())
	f.want(r, 200, "")
	if err := json.Unmarshal([]byte(r.body), &b); err != nil {
		f.t.Fatal(err)
	}
	return b
}

// A request for the feed is held until there is news, or until its wait is
// over.
func TestFeedIsHeld(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		f := start(t, cfg)
		whole := f.feed("")
		if !whole.Reset || len(whole.Events) != 0 {
			t.Errorf("a new feed is %+v", whole)
		}
		if got := f.feed("wait=0&after=" + whole.Next); got.Reset || len(got.Events) != 0 || got.Next != whole.Next {
			t.Errorf("without news: %+v", got)
		}
		token := f.clientToken()
		answer := make(chan feedBatch)
		go func() { answer <- f.feed("wait=30&after=" + whole.Next) }()
		for f.svc.metrics.followers.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		select {
		case got := <-answer:
			t.Errorf("answered without news: %+v", got)
		case <-time.After(50 * time.Millisecond):
		}
		f.want(f.revoke(token, f.asReporting()), 200, "")
		if got := <-answer; len(got.Events) != 2 || got.Events[0].Kind != "session" || got.Events[1].Kind != "token" {
			t.Errorf("with news: %+v", got)
		}
		f.want(f.send("GET", "/revocations?wait=x", "", "", f.asGateway()), 400, "invalid_request")
	})
}

// A service that ends lets go of those it holds.
func TestFeedIsLetGo(t *testing.T) {
	f := start(t, quick(t))
	next := f.feed("").Next
	held := make(chan feedBatch)
	go func() { held <- f.feed("wait=30&after=" + next) }()
	for f.svc.metrics.followers.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	begin := time.Now()
	f.stop()
	<-held
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("ending took %v", took)
	}
}

// A thousand followers hear of each revocation; among them are some that do
// not read what they are sent, for whom nobody waits. The lag is logged, and
// bounded generously.
func TestThousandFollowers(t *testing.T) {
	f := start(t, quick(t))
	const followers, idle, rounds = 1000, 20, 10
	addr := strings.TrimPrefix(f.url, "http://")
	next := f.feed("").Next
	request := func(after string) string {
		r, _ := http.NewRequest("GET", "/", nil)
		r.SetBasicAuth("gateway", f.gateway)
		return fmt.Sprintf("GET /revocations?wait=30&after=%s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n", after, r.Header.Get("Authorization"))
	}
	for range idle { // ask, and never read
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, strings.Repeat(request(""), 50))
	}
	var mu sync.Mutex
	var lags []time.Duration
	var revoked [rounds]time.Time
	var ready, heard, done [rounds]sync.WaitGroup
	for i := range rounds {
		ready[i].Add(followers)
		heard[i].Add(followers)
		done[i].Add(followers)
	}
	for range followers {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() {
			in := bufio.NewReader(c)
			after := next
			for i := range rounds {
				fmt.Fprint(c, request(after))
				ready[i].Done()
				_, err := in.Peek(1)
				at := time.Now()
				heard[i].Done()
				heard[i].Wait() // what follows takes the time of those who have not heard
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Error(err)
					return
				}
				var b feedBatch
				if err := json.NewDecoder(resp.Body).Decode(&b); err != nil || len(b.Events) == 0 {
					t.Errorf("a follower heard %+v, %v", b, err)
				}
				resp.Body.Close()
				after = b.Next
				mu.Lock()
				lags = append(lags, at.Sub(revoked[i]))
				mu.Unlock()
				done[i].Done()
			}
		}()
	}
	for i := range rounds {
		ready[i].Wait()
		for f.svc.metrics.followers.Load() < followers {
			time.Sleep(time.Millisecond)
		}
		token := f.clientToken()
		mu.Lock()
		revoked[i] = time.Now()
		mu.Unlock()
		f.want(f.revoke(token, f.asReporting()), 200, "")
		done[i].Wait()
	}
	slices.Sort(lags)
	p99 := lags[len(lags)*99/100]
	t.Logf("%d followers: lag p50 %v, p99 %v, longest %v", followers, lags[len(lags)/2], p99, lags[len(lags)-1])
	if p99 > 2*time.Second {
		t.Errorf("p99 of the lag is %v", p99)
	}
}

// Two services over one Redis are one service: what one issues the other knows,
// what one revokes the other refuses at once, and the feed is one order. When
// Redis is lost both refuse, and both go on when it is back.
func TestSeveralInstances(t *testing.T) {
	srv := storetest.StartRedis(t)
	for _, format := range []string{FormatJWT, FormatOpaque} {
		t.Run(format, func(t *testing.T) {
			cfg := cfgWith(t, format)
			cfg.Store = StoreConfig{Kind: StoreRedis, Redis: RedisConfig{Address: srv.Address(), Prefix: format, Timeout: 500 * time.Millisecond}}
			cfg.Keys.Seal = sealed(t)
			a := start(t, cfg)
			other := cfg
			other.Data = t.TempDir()
			b := run(t, other)
			b.gateway, b.reporting = a.gateway, a.reporting

			access, refresh := a.mustLogin()
			if !b.active(access) {
				t.Fatal("the other instance does not know a token")
			}
			second := b.refresh(refresh)
			b.want(second, 200, "")
			a.want(a.refresh(refresh), 400, "invalid_grant") // used at the other instance
			if b.active(access) || b.active(second.text(t, "access_token")) {
				t.Error("the other instance does not know of a revocation")
			}
			if got := eventually(t, func() (string, bool) {
				x, y := a.feed("").ids(), b.feed("").ids()
				return x + " and " + y, x == y && x != ""
			}); got != "" {
				t.Errorf("the feeds are %s", got)
			}
			access, _ = a.mustLogin()
			srv.Kill(t)
			for _, f := range []*fixture{a, b} {
				f.want(f.post("/oauth2/introspect", []string{"token", access}, f.asGateway()), 503, "temporarily_unavailable")
				f.want(f.login("alice", alicePassword), 503, "temporarily_unavailable")
				// The feed is told by a connection of its own, which may learn of the loss a
				// moment later; nothing can have been acknowledged in between.
				if got := eventually(t, func() (string, bool) {
					r := f.send("GET", "/revocations?wait=1", "", "", f.asGateway())
					return r.body, r.status == 503 && r.text(t, "error") == "temporarily_unavailable"
				}); got != "" {
					t.Errorf("without its store the feed goes on: %s", got)
				}
				if f.svc.Ready() == nil {
					t.Error("an instance without its store says that it is ready")
				}
				resp, err := http.Get(f.admin + "/readyz")
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode != 503 || f.metric("tollgate_ready") != 0 {
					t.Errorf("without a store /readyz is answered %d", resp.StatusCode)
				}
			}
			srv.Start(t)
			a.waitReady()
			b.waitReady()
			if !b.active(access) {
				t.Error("a token is lost")
			}
			b.want(b.revoke(access), 200, "")
			if a.active(access) {
				t.Error("a revoked token is active")
			}
		})
	}
}

func (b feedBatch) ids() string {
	var ids []string
	for _, ev := range b.Events {
		ids = append(ids, ev.ID)
	}
	return strings.Join(ids, " ")
}

// eventually asks until it is told that all is well, and returns what it was
// told last when it never is.
func eventually(t *testing.T, ask func() (string, bool)) string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		said, ok := ask()
		if ok {
			return ""
		}
		if time.Now().After(end) {
			return said
		}
	}
}
