package introspect

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tollgate/tollgate/internal/hostcheck"
	"github.com/tollgate/tollgate/introspect/account"
)

// Bounds on the lives of tokens. An access token is good until it expires
// wherever a revocation cannot reach, which is why a day is the most.
const (
	minAccess  = time.Second
	maxAccess  = 24 * time.Hour
	maxRefresh = 366 * 24 * time.Hour
	maxLead    = 24 * time.Hour
	// Every service has read shared keys several times by then.
	minSharedLead = 3 * keysEvery
	maxWait       = 2 * time.Minute
	// Less than client.LoginTimeout, for which a gateway waits for a login.
	maxLoginWait = time.Minute
)

// Check reports what is wrong with c, each error with the path of its key.
func (c *Config) Check() error {
	d := c.WithDefaults()
	return errors.Join(
		d.checkNames(), d.Store.check(), d.Tokens.check(), d.Login.check(), d.checkKeys(),
		span("keys.lead", d.Keys.Lead, time.Second, maxLead),
		span("feed.default_wait", d.Feed.DefaultWait, time.Second, d.Feed.MaxWait),
		span("feed.max_wait", d.Feed.MaxWait, time.Second, maxWait),
	)
}

// checkKeys refuses services that share a store and not their signing keys: each
// would take the other's tokens for nobody's.
func (c *Config) checkKeys() error {
	sealed := c.Keys.Seal != Secret{}
	switch {
	case c.Keys.Seal.File != "" && c.Keys.Seal.Env != "":
		return fmt.Errorf("keys.seal: %w", errSecret)
	case c.Store.Kind == StoreRedis && c.Keys.Env == "" && !sealed:
		return errors.New("keys.seal: must be given with store.kind redis, where all services share their signing keys; or give the keys by keys.env")
	case sealed && (c.Store.Kind != StoreRedis || c.Keys.Env != ""):
		return errors.New("keys.seal: belongs to store.kind redis without keys.env")
	case sealed:
		return span("keys.lead", c.Keys.Lead, minSharedLead, maxLead)
	}
	return nil
}

func (c *Config) checkNames() error {
	var errs []error
	if c.Issuer == "" {
		errs = append(errs, errors.New("issuer: must be given"))
	} else if !isIssuer(c.Issuer) {
		errs = append(errs, errors.New("issuer: must be an http or https URL without query and fragment (RFC 8414, section 2)"))
	}
	if isIssuer(c.Issuer) && !isIssuer(c.IntrospectionEndpoint) {
		errs = append(errs, errors.New("introspection_endpoint: must be an http or https URL without query and fragment"))
	}
	if len(c.Audience) == 0 {
		errs = append(errs, errors.New("audience: at least one must be given"))
	}
	for i, a := range c.Audience {
		if account.CheckScopes([]string{a}) != nil {
			errs = append(errs, fmt.Errorf("audience[%d]: must be printable ASCII without space, quote or backslash", i))
		}
	}
	for i, name := range c.AdminHosts {
		if !hostcheck.CheckName(name) {
			errs = append(errs, fmt.Errorf("admin_hosts[%d]: must be a host name or an address without a port", i))
		}
	}
	if err := account.CheckClientID(c.LoginClientID); err != nil {
		errs = append(errs, fmt.Errorf("login_client_id: %w", err))
	}
	return errors.Join(errs...)
}

// isIssuer reports whether s may name the service. An empty query or fragment
// is one too, and what a URL's user part holds does not belong into tokens.
func isIssuer(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(s, "?#") {
		return false
	}
	below := strings.TrimSuffix(u.Path, "/")
	return below == "" || len(below) > 1 && path.Clean(below) == below
}

// plainly reports whether clients on other machines are to reach the service
// without TLS.
func plainly(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme == "https" {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !addr.IsLoopback())
}

func (c *StoreConfig) check() error {
	var errs []error
	if !slices.Contains([]string{StorePebble, StoreMemory, StoreRedis}, c.Kind) {
		errs = append(errs, fmt.Errorf("store.kind: %q is not pebble, memory or redis", c.Kind))
	}
	if c.Kind == StorePebble && c.Redis.Address != "" && len(c.Redis.Addresses) == 0 {
		errs = append(errs, errors.New("store.redis: is given, and store.kind is not redis: everything would be kept in "+c.Kind))
	}
	if c.HotTokens < 0 {
		errs = append(errs, errors.New("store.hot_tokens: must not be negative"))
	}
	if c.Kind == StoreRedis && c.Redis.Address == "" && len(c.Redis.Addresses) == 0 {
		errs = append(errs, errors.New("store.redis.address: must be given"))
	}
	errs = append(errs, c.Redis.check())
	return errors.Join(append(errs,
		span("store.sweep_every", c.SweepEvery, 100*time.Millisecond, time.Hour),
		span("store.redis.timeout", c.Redis.Timeout, 10*time.Millisecond, time.Minute))...)
}

func (c *RedisConfig) check() error {
	var errs []error
	wrong := func(key, why string) { errs = append(errs, fmt.Errorf("store.redis.%s: %s", key, why)) }
	if c.Address != "" && len(c.Addresses) > 0 {
		wrong("addresses", "give either this or address")
	}
	if c.Cluster && c.Sentinel.Master != "" {
		wrong("cluster", "a cluster has no sentinels: give either this or sentinel")
	}
	if c.Cluster && c.Database != 0 {
		wrong("database", "a cluster has database 0 alone")
	}
	if c.Sentinel.Master == "" && c.Sentinel != (SentinelConfig{}) {
		wrong("sentinel.master", "must be given")
	}
	if !c.TLS && (c.CAFile != "" || c.CertFile != "" || c.KeyFile != "" || c.ServerName != "") {
		wrong("tls", "must be true where ca_file, cert_file, key_file or server_name is given")
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		wrong("cert_file", "cert_file and key_file belong together")
	}
	for key, secret := range map[string]Secret{"password": c.Password, "sentinel.password": c.Sentinel.Password} {
		if secret.File != "" && secret.Env != "" {
			errs = append(errs, fmt.Errorf("store.redis.%s: %w", key, errSecret))
		}
	}
	return errors.Join(errs...)
}

func (c *TokensConfig) check() error {
	var err error
	if c.Format != FormatJWT && c.Format != FormatOpaque {
		err = fmt.Errorf("tokens.format: %q is not jwt or opaque", c.Format)
	}
	return errors.Join(err,
		span("tokens.access_ttl", c.AccessTTL, minAccess, maxAccess),
		span("tokens.refresh_ttl", c.RefreshTTL, c.AccessTTL, maxRefresh),
		span("tokens.refresh_grace", *c.RefreshGrace, 0, time.Minute))
}

func (c *LoginConfig) check() error {
	var errs []error
	if err := c.Hash.Check(); err != nil {
		errs = append(errs, fmt.Errorf("login.hash.%w", err))
	}
	count := func(path string, n, most int) {
		if n < 1 || n > most {
			errs = append(errs, fmt.Errorf("%s: %d is not from 1 to %d", path, n, most))
		}
	}
	limit := func(path string, l LimitConfig) {
		count(path+".burst", l.Burst, 1_000_000)
		errs = append(errs, span(path+".every", l.Every, time.Millisecond, 24*time.Hour))
	}
	count("login.concurrency", c.Concurrency, 1024)
	count("login.queue", c.Queue, 100_000)
	if c.MinPassword < account.MinMinPassword || c.MinPassword > 128 {
		errs = append(errs, fmt.Errorf("login.min_password: %d is not from %d to 128", c.MinPassword, account.MinMinPassword))
	}
	errs = append(errs, span("login.wait", c.Wait, 100*time.Millisecond, time.Minute))
	errs = append(errs, span("login.session_ttl", c.SessionTTL, time.Minute, maxRefresh))
	limit("login.per_pair", c.PerPair)
	limit("login.per_address", c.PerAddress)
	limit("login.per_id", c.PerID)
	return errors.Join(errs...)
}

// span reports whether d lies between two bounds.
func span(path string, d, least, most time.Duration) error {
	if d < least || d > most {
		return fmt.Errorf("%s: %v is not from %v to %v", path, d, least, most)
	}
	return nil
}
