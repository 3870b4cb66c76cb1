package introspect

import (
	"runtime"
	"strings"
	"time"

	"github.com/tollgate/tollgate/introspect/account"
)

// Config is the configuration of the security service. Where a field is zero
// its default holds.
type Config struct {
	Listen string `yaml:"listen"` // address of the service; default 127.0.0.1:8090
	Admin  string `yaml:"admin"`  // address of the admin listener; default 127.0.0.1:8091
	// AdminHosts are names, beside loopback ones and the address itself, that
	// requests to the admin listener may be sent to; default none.
	AdminHosts []string `yaml:"admin_hosts"`
	Pprof      bool     `yaml:"pprof"` // serve profiles at /debug/pprof of the admin listener; default false
	Data       string   `yaml:"data"`  // folder of the store, the keys and the admin socket; default data

	// Issuer is the service's name and public base URL: the iss of its tokens,
	// and where its metadata says that the endpoints are.
	Issuer string `yaml:"issuer"`
	// IntrospectionEndpoint is where the metadata sends service clients to
	// introspect; default oauth2/introspect under the issuer. Where the issuer is
	// the gateway, which does not pass introspection on, name the service's own.
	IntrospectionEndpoint string `yaml:"introspection_endpoint"`
	// Audience is the aud of tokens whose client names none of its own.
	Audience []string `yaml:"audience"`
	// LoginClientID is the client_id of the tokens that /login gives;
	// default first-party.
	LoginClientID string `yaml:"login_client_id"`

	Store  StoreConfig  `yaml:"store"`
	Tokens TokensConfig `yaml:"tokens"`
	Keys   KeysConfig   `yaml:"keys"`
	Login  LoginConfig  `yaml:"login"`
	Feed   FeedConfig   `yaml:"feed"`
}

// Store kinds.
const (
	StorePebble = "pebble"
	StoreMemory = "memory"
	StoreRedis  = "redis"
)

// StoreConfig says where everything is kept.
type StoreConfig struct {
	Kind string `yaml:"kind"` // pebble (the default), memory or redis
	// HotTokens is how many access tokens pebble holds in memory as well;
	// default 100000.
	HotTokens  int           `yaml:"hot_tokens"`
	SweepEvery time.Duration `yaml:"sweep_every"` // how often what has expired is deleted; default 10s
	Redis      RedisConfig   `yaml:"redis"`
}

// RedisConfig says how Redis or Valkey is reached: one server, the master that
// sentinels name, or a cluster.
type RedisConfig struct {
	Address string `yaml:"address"` // host:port
	// Addresses are several in its place: of servers of which one is the master at
	// a time, of sentinels, or of some nodes of a cluster.
	Addresses []string       `yaml:"addresses"`
	Sentinel  SentinelConfig `yaml:"sentinel"`
	Cluster   bool           `yaml:"cluster"`
	Username  string         `yaml:"username"`
	Password  Secret         `yaml:"password"`
	TLS       bool           `yaml:"tls"`
	// CAFile holds the PEM certificates of the authorities to trust instead of the
	// system's. CertFile and KeyFile are our own certificate, read again for every
	// connection. ServerName is the name to expect instead of the address's host.
	CAFile     string        `yaml:"ca_file"`
	CertFile   string        `yaml:"cert_file"`
	KeyFile    string        `yaml:"key_file"`
	ServerName string        `yaml:"server_name"`
	Database   int           `yaml:"database"` // not on a cluster
	Prefix     string        `yaml:"prefix"`   // of every key; default tollgate
	Timeout    time.Duration `yaml:"timeout"`  // of one call; default 2s
}

// SentinelConfig says that the addresses are those of sentinels.
type SentinelConfig struct {
	Master   string `yaml:"master"` // the name that they watch the servers under
	Username string `yaml:"username"`
	Password Secret `yaml:"password"`
}

// Token formats.
const (
	FormatJWT    = "jwt"
	FormatOpaque = "opaque"
)

// TokensConfig says which tokens are issued.
type TokensConfig struct {
	Format     string        `yaml:"format"`      // jwt (the default) or opaque
	AccessTTL  time.Duration `yaml:"access_ttl"`  // life of an access token; default 5m
	RefreshTTL time.Duration `yaml:"refresh_ttl"` // life of a refresh token that is not used; default 720h
	// RefreshGrace is how long a refresh token that was used may be presented again,
	// by a second tab or by a client that did not get the answer; default 10s. It
	// gets the successor that there is. With 0s, or later, the session ends.
	RefreshGrace *time.Duration `yaml:"refresh_grace"`
}

// KeysConfig says where signing keys are.
type KeysConfig struct {
	// Env names an environment variable with a JWK set of private keys; empty:
	// one file a key in the folder keys under Data, or with store.kind redis in
	// the store, for all services that share it.
	Env string `yaml:"env"`
	// Seal is the secret that keys in a shared store are encrypted with, the
	// same for all services: random, at least 32 characters. A second line is the
	// secret before.
	Seal Secret `yaml:"seal"`
	// Lead is how long a key made by rotation is published before it signs;
	// verifiers fetch the key set more often than that. Default 10m.
	Lead time.Duration `yaml:"lead"`
}

// LoginConfig bounds what logins may cost and how often one may try.
type LoginConfig struct {
	Hash        account.Params `yaml:"hash"`        // argon2id; default 19456 KiB, time 2, parallel 1
	Concurrency int            `yaml:"concurrency"` // hashes at once; default half the processors
	Queue       int            `yaml:"queue"`       // logins that wait for their turn; default 256
	Wait        time.Duration  `yaml:"wait"`        // how long each waits at most; default 10s
	// MinPassword is how many characters a new password has at least; default 12.
	MinPassword int         `yaml:"min_password"`
	PerPair     LimitConfig `yaml:"per_pair"`    // failures of an id from an address; default 10, one more every 1m
	PerAddress  LimitConfig `yaml:"per_address"` // failures from an address; default 200, one more every 2s
	PerID       LimitConfig `yaml:"per_id"`      // failures of an id from anywhere new; default 1000, one more every 30s
	// SessionTTL is how long a browser in which somebody has logged in stays so;
	// default 12h.
	SessionTTL time.Duration `yaml:"session_ttl"`
	// Title is what the login page calls the installation; default Tollgate.
	Title string `yaml:"title"`
}

// LimitConfig is a budget.
type LimitConfig struct {
	Burst int           `yaml:"burst"`
	Every time.Duration `yaml:"every"`
}

// FeedConfig bounds how long a request for the revocation feed is held.
type FeedConfig struct {
	DefaultWait time.Duration `yaml:"default_wait"` // where the request does not say; default 10s
	MaxWait     time.Duration `yaml:"max_wait"`     // whatever the request says; default 30s
}

func (l *LimitConfig) or(burst int, every time.Duration) {
	or(&l.Burst, burst)
	or(&l.Every, every)
}

func or[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

// WithDefaults returns c with the defaults in place of zeros.
func (c Config) WithDefaults() Config {
	or(&c.Listen, "127.0.0.1:8090")
	or(&c.Admin, "127.0.0.1:8091")
	or(&c.Data, "data")
	or(&c.IntrospectionEndpoint, strings.TrimSuffix(c.Issuer, "/")+"/oauth2/introspect")
	or(&c.LoginClientID, "first-party")
	or(&c.Store.Kind, StorePebble)
	or(&c.Store.HotTokens, 100_000)
	or(&c.Store.SweepEvery, 10*time.Second)
	or(&c.Store.Redis.Prefix, "tollgate")
	or(&c.Store.Redis.Timeout, 2*time.Second)
	or(&c.Tokens.Format, FormatJWT)
	or(&c.Tokens.AccessTTL, 5*time.Minute)
	or(&c.Tokens.RefreshTTL, 720*time.Hour)
	grace := 10 * time.Second
	or(&c.Tokens.RefreshGrace, &grace)
	or(&c.Keys.Lead, 10*time.Minute)
	or(&c.Login.Hash.MemoryKiB, account.DefaultParams.MemoryKiB)
	or(&c.Login.Hash.Time, account.DefaultParams.Time)
	or(&c.Login.Hash.Parallel, account.DefaultParams.Parallel)
	or(&c.Login.Concurrency, max(1, runtime.GOMAXPROCS(0)/2))
	or(&c.Login.Queue, 256)
	or(&c.Login.MinPassword, 12)
	or(&c.Login.Wait, 10*time.Second)
	c.Login.PerPair.or(10, time.Minute)
	c.Login.PerAddress.or(200, 2*time.Second)
	c.Login.PerID.or(1000, 30*time.Second)
	or(&c.Login.SessionTTL, 12*time.Hour)
	or(&c.Login.Title, "Tollgate")
	or(&c.Feed.DefaultWait, 10*time.Second)
	or(&c.Feed.MaxWait, 30*time.Second)
	return c
}
