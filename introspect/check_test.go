package introspect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/client"
)

func TestCheckAccepts(t *testing.T) {
	c := Config{Issuer: "https://as.example", Audience: []string{"orders"}}
	if err := c.Check(); err != nil {
		t.Errorf("the least that can be said: %v", err)
	}
	c.Store = StoreConfig{Kind: StoreRedis, Redis: RedisConfig{Address: "127.0.0.1:6379"}}
	c.Keys.Env = "KEYS"
	if err := c.Check(); err != nil {
		t.Errorf("redis, keys from the environment: %v", err)
	}
	c.Keys = KeysConfig{Seal: Secret{File: "seal"}}
	if err := c.Check(); err != nil {
		t.Errorf("redis, shared keys: %v", err)
	}
}

// A gateway waits longer for a login than the login may wait for its turn, and be
// hashed.
func TestGatewaysWaitForLogins(t *testing.T) {
	if client.LoginTimeout < maxLoginWait+10*time.Second {
		t.Errorf("gateways wait %v, and logins up to %v", client.LoginTimeout, maxLoginWait)
	}
}

func TestCheckRefuses(t *testing.T) {
	f := func(want string, change func(*Config)) {
		t.Helper()
		c := Config{Issuer: "https://as.example", Audience: []string{"orders"}}
		change(&c)
		err := c.Check()
		if err == nil || err.Error() != want {
			t.Errorf("error is %v, not %s", err, want)
		}
		if _, err := New(c, discard()); err == nil {
			t.Errorf("New takes what Check refuses: %s", want)
		}
	}
	f("issuer: must be given", func(c *Config) { c.Issuer = "" })
	url := "issuer: must be an http or https URL without query and fragment (RFC 8414, section 2)"
	f(url, func(c *Config) { c.Issuer = "as.example" })
	f(url, func(c *Config) { c.Issuer = "ftp://as.example" })
	for _, issuer := range []string{
		"https://as.example?x", "https://as.example/?", "https://as.example#", "https://as.example/#x", "https://", "https:as.example",
		"https://user:secret@as.example", "https://as.example/a/../b", "https://as.example//", "https://as.example/a//b",
	} {
		f(url, func(c *Config) { c.Issuer = issuer })
	}
	f("introspection_endpoint: must be an http or https URL without query and fragment", func(c *Config) { c.IntrospectionEndpoint = "service:8090" })
	f("audience: at least one must be given", func(c *Config) { c.Audience = nil })
	f("audience[1]: must be printable ASCII without space, quote or backslash", func(c *Config) { c.Audience = []string{"a", "b c"} })
	f("login_client_id: "+account.ErrClientID.Error(), func(c *Config) { c.LoginClientID = "a b" })
	f("admin_hosts[1]: must be a host name or an address without a port", func(c *Config) { c.AdminHosts = []string{"metrics.internal", "metrics:8091"} })
	f(`store.kind: "bolt" is not pebble, memory or redis`, func(c *Config) { c.Store.Kind = "bolt" })
	f("store.redis: is given, and store.kind is not redis: everything would be kept in pebble", func(c *Config) { c.Store.Redis.Address = "127.0.0.1:6379" })
	f("store.hot_tokens: must not be negative", func(c *Config) { c.Store.HotTokens = -1 })
	f("store.redis.address: must be given", func(c *Config) { c.Store.Kind, c.Keys.Env = StoreRedis, "KEYS" })
	redis := func(c *Config) {
		c.Store = StoreConfig{Kind: StoreRedis, Redis: RedisConfig{Address: "127.0.0.1:6379"}}
		c.Keys.Seal.Env = "SEAL"
	}
	f("keys.seal: must be given with store.kind redis, where all services share their signing keys; or give the keys by keys.env", func(c *Config) { redis(c); c.Keys.Seal = Secret{} })
	f("keys.seal: belongs to store.kind redis without keys.env", func(c *Config) { redis(c); c.Keys.Env = "KEYS" })
	f("keys.seal: belongs to store.kind redis without keys.env", func(c *Config) { c.Keys.Seal.Env = "SEAL" })
	f("keys.seal: name either a file or an environment variable", func(c *Config) { redis(c); c.Keys.Seal.File = "seal" })
	f("keys.lead: 2s is not from 3s to 24h0m0s", func(c *Config) { redis(c); c.Keys.Lead = 2 * time.Second })
	f("store.redis.password: name either a file or an environment variable", func(c *Config) { c.Store.Redis.Password = Secret{"f", "E"} })
	f("store.redis.sentinel.password: name either a file or an environment variable", func(c *Config) {
		c.Store.Redis.Sentinel = SentinelConfig{Master: "m", Password: Secret{"f", "E"}}
	})
	f("store.redis.addresses: give either this or address", func(c *Config) {
		c.Store.Redis.Address, c.Store.Redis.Addresses = "a:1", []string{"b:1"}
	})
	f("store.redis.cluster: a cluster has no sentinels: give either this or sentinel", func(c *Config) {
		c.Store.Redis.Cluster, c.Store.Redis.Sentinel.Master = true, "m"
	})
	f("store.redis.database: a cluster has database 0 alone", func(c *Config) { c.Store.Redis.Cluster, c.Store.Redis.Database = true, 1 })
	f("store.redis.sentinel.master: must be given", func(c *Config) { c.Store.Redis.Sentinel.Username = "u" })
	f("store.redis.tls: must be true where ca_file, cert_file, key_file or server_name is given", func(c *Config) { c.Store.Redis.CAFile = "ca.pem" })
	f("store.redis.cert_file: cert_file and key_file belong together", func(c *Config) { c.Store.Redis.TLS, c.Store.Redis.CertFile = true, "c.pem" })
	f("store.sweep_every: 1ms is not from 100ms to 1h0m0s", func(c *Config) { c.Store.SweepEvery = time.Millisecond })
	f(`tokens.format: "saml" is not jwt or opaque`, func(c *Config) { c.Tokens.Format = "saml" })
	f("tokens.access_ttl: 25h0m0s is not from 1s to 24h0m0s", func(c *Config) { c.Tokens.AccessTTL = 25 * time.Hour })
	f("tokens.refresh_ttl: 1m0s is not from 5m0s to 8784h0m0s", func(c *Config) { c.Tokens.RefreshTTL = time.Minute })
	f("tokens.refresh_grace: 1h0m0s is not from 0s to 1m0s", func(c *Config) { grace := time.Hour; c.Tokens.RefreshGrace = &grace })
	f("login.hash.memory_kib: 1 is not from 8192 to 1048576", func(c *Config) { c.Login.Hash.MemoryKiB = 1 })
	f("login.concurrency: -1 is not from 1 to 1024", func(c *Config) { c.Login.Concurrency = -1 })
	f("login.per_pair.burst: -1 is not from 1 to 1000000", func(c *Config) { c.Login.PerPair.Burst = -1 })
	f("login.per_id.every: -1s is not from 1ms to 24h0m0s", func(c *Config) { c.Login.PerID.Every = -time.Second })
	f("keys.lead: 48h0m0s is not from 1s to 24h0m0s", func(c *Config) { c.Keys.Lead = 48 * time.Hour })
	f("feed.max_wait: 5m0s is not from 1s to 2m0s", func(c *Config) { c.Feed.MaxWait = 5 * time.Minute })
}

// Every mistake is told, not the first alone.
func TestCheckTellsAll(t *testing.T) {
	c := Config{Store: StoreConfig{Kind: "bolt"}}
	lines := strings.Split(c.Check().Error(), "\n")
	if len(lines) != 3 {
		t.Errorf("errors are %q", lines)
	}
}

func TestSecretRead(t *testing.T) {
	t.Setenv("TOLLGATE_TEST_SECRET", "value")
	f := func(s Secret, want string, fails bool) {
		t.Helper()
		got, err := s.Read()
		if got != want || (err != nil) != fails {
			t.Errorf("Read of %+v = %q, %v", s, got, err)
		}
	}
	f(Secret{}, "", false)
	f(Secret{Env: "TOLLGATE_TEST_SECRET"}, "value", false)
	f(Secret{Env: "TOLLGATE_TEST_NO_SECRET"}, "", true)
	f(Secret{File: t.TempDir() + "/none"}, "", true)
	if _, err := (Secret{File: "f", Env: "E"}).Read(); !errors.Is(err, errSecret) {
		t.Errorf("both: %v", err)
	}
}
