package gateway

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
	"github.com/tollgate/tollgate/gateway/identity"
	"github.com/tollgate/tollgate/introspect/client"
)

// hasService reports whether there is a security service. Without one the gateway
// verifies tokens of other issuers and does nothing else.
func (c *Config) hasService() bool {
	return !reflect.DeepEqual(c.SecurityService, client.Config{})
}

// checkIssuers reports what is wrong with the issuers, each and together.
func checkIssuers(c *Config) error {
	names := map[string]int{}
	prefixes := map[string]int{}
	for i, conf := range c.Issuers {
		key := fmt.Sprintf("issuers[%d]", i)
		if _, err := identity.Resolve(conf); err != nil {
			return fmt.Errorf("%s.%w", key, err)
		}
		if conf.Name == c.Issuer {
			return at(key+".name", "%q is also issuer", conf.Name)
		}
		if j, ok := names[conf.Name]; ok {
			return at(key+".name", "%q is also issuers[%d]", conf.Name, j)
		}
		names[conf.Name] = i
		if conf.Introspection.URL == "" {
			continue
		}
		if c.hasService() && c.Mode != ModeJWT && conf.Introspection.Prefix == "" {
			return at(key+".introspection.prefix", "required in mode %s: without it nobody can tell these tokens from those of security_service", c.Mode)
		}
		if j, ok := prefixes[conf.Introspection.Prefix]; ok {
			return at(key+".introspection.prefix", "%q is also that of issuers[%d]", conf.Introspection.Prefix, j)
		}
		prefixes[conf.Introspection.Prefix] = i
	}
	return nil
}

// issuers are the issuers of a configuration at work.
type issuers struct {
	rules         []engine.Issuer
	keys          []*keyset.KeySet // of issuers, without that of issuer
	conf          []identity.Issuer
	introspectors []*identity.Introspector // the longest prefix first
}

// newIssuers makes cfg.Issuers ready. It reads the files that they name.
func newIssuers(cfg *Config, revoked *revocation.Set, log *slog.Logger) (*issuers, error) {
	all := new(issuers)
	for i, conf := range cfg.Issuers {
		fail := func(err error) (*issuers, error) {
			all.close()
			return nil, fmt.Errorf("issuers[%d].%w", i, err)
		}
		c, err := identity.Resolve(conf)
		if err != nil {
			return fail(err)
		}
		keys, err := identity.NewKeys(&c, log)
		if err != nil {
			return fail(err)
		}
		rules := c.Rules(keys)
		rules.Revocations = revoked
		all.rules, all.keys, all.conf = append(all.rules, rules), append(all.keys, keys), append(all.conf, c)
		if c.Introspection.URL == "" {
			continue
		}
		cache := client.Cache{
			TTL: cfg.Cache.IntrospectionTTL, Bytes: cfg.Cache.Introspection,
			InactiveTTL: cfg.Cache.InactiveTTL, InactiveEntries: cfg.Cache.InactiveEntries,
		}
		asker, err := identity.NewIntrospector(&c, cache, revoked, log)
		if err != nil {
			return fail(err)
		}
		all.introspectors = append(all.introspectors, asker)
	}
	slices.SortStableFunc(all.introspectors, func(a, b *identity.Introspector) int { return len(b.Prefix) - len(a.Prefix) })
	return all, nil
}

// introspector is who is asked about a token that is no JWT, or nil.
func (all *issuers) introspector(token []byte) *identity.Introspector {
	if identity.LooksLikeJWT(token) {
		return nil
	}
	for _, i := range all.introspectors {
		if bytes.HasPrefix(token, []byte(i.Prefix)) {
			return i
		}
	}
	return nil
}

func (all *issuers) close() {
	for _, i := range all.introspectors {
		i.Close()
	}
}

// reread reads again what is kept in files.
func (all *issuers) reread(ctx context.Context) {
	for i := range all.conf {
		if all.conf[i].Keys.File != "" {
			go all.keys[i].Refresh(ctx) // an error is logged there
		}
	}
}
