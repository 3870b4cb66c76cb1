package engine

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tollgate/tollgate/engine/claimcache"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
)

// DefaultCacheBytes is the size of the claims cache where nothing is said.
const DefaultCacheBytes = 16 << 20

// DefaultMaxToken is the size of the longest token where nothing is said.
const DefaultMaxToken = 8 << 10

// Config is what an Engine verifies by.
type Config struct {
	// Issuers are those whose tokens are accepted; at least one.
	Issuers []Issuer
	// CacheBytes bounds the claims cache: DefaultCacheBytes if 0, no cache if
	// negative.
	CacheBytes int64
	// MaxToken bounds the tokens that are looked at, in bytes: DefaultMaxToken if 0,
	// at most jwt.MaxSize. Longer ones are refused before any work.
	MaxToken int
	// Now is the clock of Verify and VerifyBatch. If it is nil they go by the
	// system's, and notice within a tenth of a second where that is set.
	Now func() time.Time
}

// An Engine verifies tokens.
type Engine struct {
	issuers  map[string]*issuer
	any      *issuer   // takes every iss
	first    *issuer   // asked before the map, which costs more than a comparison
	patterns []*issuer // whose names have places
	domains  []*issuer // whose tokens may have no iss
	longest  int       // token
	refusals refusals  // of tokens of no issuer
	tooLong  error     // says what longest is
	cache    *claimcache.Cache[verified]
	headers  jwt.Headers
	tokens   sync.Pool // of *jwt.Token
	batches  sync.Pool // of *batch
	now      func() claims.Time
}

// New returns an Engine for c. Close it when it is no longer used.
func New(c Config) (*Engine, error) {
	if len(c.Issuers) == 0 {
		return nil, fmt.Errorf("%w: no issuers", ErrConfig)
	}
	e := &Engine{issuers: make(map[string]*issuer), now: new(clock).now}
	e.tokens.New = func() any { return new(jwt.Token) }
	e.batches.New = func() any { return new(batch) }
	if c.Now != nil {
		e.now = func() claims.Time { return claims.At(c.Now()) }
	}
	for _, conf := range c.Issuers {
		if conf.Name == "" && len(c.Issuers) > 1 {
			return nil, fmt.Errorf("%w: one of several issuers has no name", ErrConfig)
		}
		i, err := newIssuer(conf)
		if err != nil {
			return nil, err
		}
		if err := e.add(i, conf.Aliases); err != nil {
			return nil, err
		}
	}
	if e.longest = c.MaxToken; c.MaxToken == 0 {
		e.longest = DefaultMaxToken
	}
	if e.longest < 0 || e.longest > jwt.MaxSize {
		return nil, fmt.Errorf("%w: tokens of %d bytes are not between 1 and %d", ErrConfig, c.MaxToken, jwt.MaxSize)
	}
	e.tooLong = fmt.Errorf("%w: longer than %d bytes", ErrMalformed, e.longest)
	if c.CacheBytes >= 0 {
		bytes := c.CacheBytes
		if bytes == 0 {
			bytes = DefaultCacheBytes
		}
		var err error
		if e.cache, err = claimcache.New[verified](bytes); err != nil {
			return nil, fmt.Errorf("%w: claims cache: %w", ErrConfig, err)
		}
	}
	return e, nil
}

// add has tokens that name i, or its trust domain, verified by its rules.
func (e *Engine) add(i *issuer, aliases []string) error {
	names := append([]string{i.name}, aliases...)
	if i.pattern != nil {
		names = aliases
		if slices.ContainsFunc(e.patterns, func(o *issuer) bool { return o.name == i.name }) {
			return fmt.Errorf("%w: two issuers are named %q", ErrConfig, i.name)
		}
		e.patterns = append(e.patterns, i)
	} else if e.first == nil {
		e.first = i
	}
	for _, name := range names {
		if e.issuers[name] != nil {
			return fmt.Errorf("%w: two issuers are named %q", ErrConfig, name)
		}
		e.issuers[name] = i
	}
	if i.name == "" {
		e.any = i
	}
	if i.domain != "" {
		if slices.ContainsFunc(e.domains, func(o *issuer) bool { return o.domain == i.domain }) {
			return fmt.Errorf("%w: two issuers have the trust domain %q", ErrConfig, i.domain)
		}
		e.domains = append(e.domains, i)
	}
	return nil
}

// Close ends what the cache has running.
func (e *Engine) Close() {
	if e.cache != nil {
		e.cache.Close()
	}
}

// CacheStats are the counts of the claims cache, all 0 without one.
func (e *Engine) CacheStats() claimcache.Stats {
	if e.cache == nil {
		return claimcache.Stats{}
	}
	return e.cache.Stats()
}

// Verify returns the claims of token, or the reason for refusing it.
func (e *Engine) Verify(token []byte) (*claims.Claims, error) { return e.verifyAt(token, e.now()) }
