package introspect

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/storetest"
)

// onRedis starts two services on one Redis server.
func onRedis(t *testing.T, srv *storetest.Redis, change func(*Config)) (a, b *fixture) {
	t.Helper()
	cfg := cfgWith(t, FormatOpaque)
	cfg.Store = StoreConfig{Kind: StoreRedis, Redis: RedisConfig{Address: srv.Address(), Timeout: time.Second}}
	cfg.Keys.Seal = sealed(t)
	if change != nil {
		change(&cfg)
	}
	a = start(t, cfg)
	other := cfg
	other.Data = t.TempDir()
	b = run(t, other)
	b.gateway, b.reporting = a.gateway, a.reporting
	return a, b
}

// Failed logins and wrong client secrets count for all services on one Redis.
func TestLimitsCountAcrossInstances(t *testing.T) {
	a, b := onRedis(t, storetest.StartRedis(t), func(c *Config) {
		c.Login.PerPair = LimitConfig{Burst: 4, Every: time.Hour}
		c.Login.PerID = LimitConfig{Burst: 6, Every: time.Hour}
	})
	both := func(i int) *fixture { return []*fixture{a, b}[i%2] }
	for i := range 4 {
		f := both(i)
		f.want(f.login("alice", "wrong"), 401, "invalid_grant")
	}
	for i := range 2 {
		f := both(i)
		r := f.login("alice", alicePassword)
		f.want(r, 429, "slow_down")
		if r.header.Get("Retry-After") == "" {
			t.Error("429 does not say when to try again")
		}
	}
	introspect := func(f *fixture, secret string) reply {
		return f.post("/oauth2/introspect", []string{"token", "x"}, basicAuth("gateway", secret))
	}
	for i := range 8 {
		f := both(i)
		r := introspect(f, "wrong")
		f.want(r, 401, "invalid_client")
		if late := r.header.Get("Retry-After") != ""; late != (i >= 6) {
			t.Errorf("failure %d of a client, of 6 that may be: Retry-After is %q", i+1, r.header.Get("Retry-After"))
		}
	}
	if !strings.Contains(a.log.String()+b.log.String(), `"event":"client authentication","outcome":"limited","client":"gateway"`) {
		t.Error("the log does not tell that somebody guesses at a client's secret")
	}
	for i := range 2 {
		f := both(i)
		f.want(introspect(f, f.gateway), 200, "") // the right one works
	}
}

// While Redis is full a service is not ready, and does not claim to have done what
// it cannot do.
func TestNotReadyWhileRedisIsFull(t *testing.T) {
	srv := storetest.StartRedis(t)
	f, _ := onRedis(t, srv, nil)
	access, _ := f.mustLogin()
	ready := func() int {
		resp, err := http.Get(f.admin + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if status := ready(); status != 200 {
		t.Fatalf("/readyz is %d", status)
	}
	if _, err := srv.Do("CONFIG", "SET", "maxmemory", "1"); err != nil {
		t.Fatal(err)
	}
	if status := ready(); status != 503 {
		t.Errorf("while Redis is full /readyz is %d, want 503", status)
	}
	f.want(f.login("alice", alicePassword), 503, "temporarily_unavailable")
	f.want(f.revoke(access), 503, "temporarily_unavailable")
	if _, err := srv.Do("CONFIG", "SET", "maxmemory", "0"); err != nil {
		t.Fatal(err)
	}
	if status := ready(); status != 200 {
		t.Errorf("with room again /readyz is %d, want 200", status)
	}
	f.want(f.revoke(access), 200, "")
	if f.active(access) {
		t.Error("the revoked token is active")
	}
}
