package client

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
)

// Config says where the security service is and how far to trust it to answer.
type Config struct {
	// URL of the security service: scheme, host and port, no path.
	URL string `yaml:"url"`
	// ClientID is the service client in whose name calls are made.
	ClientID string `yaml:"client_id"`
	// ClientSecret is where that client's secret is kept.
	ClientSecret Secret `yaml:"client_secret"`
	// Timeout bounds a call, connecting included. Default 400ms.
	Timeout time.Duration `yaml:"timeout"`
	// MaxConns bounds the connections to the service. Default 512.
	MaxConns int `yaml:"max_conns"`
	// Breaker says when to stop calling a service that fails.
	Breaker Breaker `yaml:"breaker"`
	// TLS is used where URL is https.
	TLS TLS `yaml:"tls"`
	// Cache keeps introspection answers.
	Cache Cache `yaml:"-"`
	// Issuer, where set, is the only iss an answer may name.
	Issuer string `yaml:"-"`
	// Audience, where set, has to be among an answer's aud.
	Audience string `yaml:"-"`
	// Verify checks the signature of an RFC 9701 answer and returns its
	// payload. It is needed by IntrospectPhantom alone.
	Verify func(answer []byte) (payload []byte, err error) `yaml:"-"`
	// Path is where tokens are introspected, /oauth2/introspect if empty.
	Path string `yaml:"-"`
	// Auth is how we say who we are: AuthBasic, AuthBody or AuthBearer.
	Auth string `yaml:"-"`
	// Read, where set, makes claims of an introspection answer of another kind of
	// service than ours; the answer is valid during the call. ErrInactive is a verdict,
	// and any other error means that there is none.
	Read func(answer []byte, now time.Time) (*claims.Claims, error) `yaml:"-"`
	// Now is the clock; nil is time.Now.
	Now func() time.Time `yaml:"-"`
}

// The ways to say who we are (RFC 6749, section 2.3.1, and RFC 7662, section 2.1).
const (
	AuthBasic  = "basic"  // Authorization: Basic, the default
	AuthBody   = "body"   // client_id and client_secret in the form
	AuthBearer = "bearer" // Authorization: Bearer; the secret is the token
)

// Breaker configures the circuit breaker (closed, open, half-open).
type Breaker struct {
	// Failures in a row open the breaker, as do two calls in a row that took all
	// of the timeout. Default 5.
	Failures int `yaml:"failures"`
	// OpenFor is how long it stays open before one call may try. Default 1s.
	OpenFor time.Duration `yaml:"open_for"`
}

// Cache configures what is remembered of introspection.
type Cache struct {
	// TTL bounds how long an answer is used; 0 asks the service every time.
	TTL time.Duration
	// Bytes bounds the memory of active answers. Default 16 MiB.
	Bytes int64
	// InactiveTTL bounds how long "inactive" is believed. Default 1s, never more than TTL.
	InactiveTTL time.Duration
	// InactiveEntries bounds how many inactive tokens are remembered. Default 8192.
	InactiveEntries int
}

// Check reports what New would refuse, by the names of the YAML keys.
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("url: want http:// or https:// and a host")
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil {
		return errors.New("url: want scheme, host and port alone")
	}
	if c.ClientID == "" && c.Auth != AuthBearer {
		return errors.New("client_id: required")
	}
	if !c.ClientSecret.Set() {
		return errors.New("client_secret: required")
	}
	if err := c.ClientSecret.Check(); err != nil {
		return fmt.Errorf("client_secret: %w", err)
	}
	if c.Timeout < 0 {
		return errors.New("timeout: must not be negative")
	}
	if c.MaxConns < 0 {
		return errors.New("max_conns: must not be negative")
	}
	if c.Breaker.Failures < 0 || c.Breaker.OpenFor < 0 {
		return errors.New("breaker: must not be negative")
	}
	return c.TLS.check()
}

// WithDefaults is c with every default filled in.
func (c Config) WithDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Timeout, 400*time.Millisecond)
	def(&c.Breaker.OpenFor, time.Second)
	def(&c.Cache.InactiveTTL, time.Second)
	c.Cache.InactiveTTL = min(c.Cache.InactiveTTL, c.Cache.TTL)
	if c.MaxConns == 0 {
		c.MaxConns = 512
	}
	if c.Breaker.Failures == 0 {
		c.Breaker.Failures = 5
	}
	if c.Cache.Bytes == 0 {
		c.Cache.Bytes = 16 << 20
	}
	if c.Cache.InactiveEntries == 0 {
		c.Cache.InactiveEntries = 8192
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
