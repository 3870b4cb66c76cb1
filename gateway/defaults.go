package gateway

import (
	"time"

	"github.com/tollgate/tollgate/engine"
)

// def sets v where the configuration left it at zero.
func def[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// WithDefaults is c with every default filled in.
func (c Config) WithDefaults() Config {
	def(&c.Listen, "127.0.0.1:8080")
	def(&c.Admin, "127.0.0.1:8081")
	def(&c.Mode, ModeJWT)
	def(&c.Keys.Refresh, time.Minute)
	def(&c.Cache.Claims, 16<<20)
	def(&c.Cache.Introspection, 16<<20)
	def(&c.Cache.InactiveTTL, time.Second)
	def(&c.Cache.InactiveEntries, 8192)
	def(&c.Revocations.MaxSilence, 5*time.Minute)
	def(&c.Revocations.WhenStale, StaleRefuse)
	def(&c.APIUsers.Entries, 4096)
	def(&c.APIUsers.RenewBefore, 10*time.Second)
	def(&c.APIUsers.RefusedTTL, 2*time.Second)
	def(&c.APIUsers.RefusedEntries, 4096)
	def(&c.APIUsers.Calls, 64)
	def(&c.Limits.Head, 16<<10)
	def(&c.Limits.Target, 8<<10)
	def(&c.Limits.Fields, 100)
	def(&c.Limits.Token, engine.DefaultMaxToken)
	def(&c.Limits.Connections, 20000)
	def(&c.Limits.Logins, 64)
	def(&c.Timeouts.Head, 5*time.Second)
	def(&c.Timeouts.Body, 7*time.Second)
	def(&c.Timeouts.Write, 7*time.Second)
	def(&c.Timeouts.Idle, 620*time.Second)
	def(&c.Timeouts.Dial, 2*time.Second)
	def(&c.Timeouts.Grace, 5*time.Second)
	def(&c.Timeouts.Drain, 15*time.Second)

	upstreams := make(map[string]Upstream, len(c.Upstreams))
	for name, u := range c.Upstreams {
		upstreams[name] = u.withDefaults()
	}
	c.Upstreams = upstreams
	routes := make([]Route, len(c.Routes))
	for i, r := range c.Routes {
		routes[i] = r.WithDefaults()
		if len(r.TokenFrom) == 0 {
			routes[i].TokenFrom = c.TokenFrom
		}
	}
	c.Routes = routes
	return c
}

func (u Upstream) withDefaults() Upstream {
	def(&u.MaxIdle, 256)
	def(&u.IdleTimeout, 30*time.Second)
	def(&u.Failures, 5)
	def(&u.EjectFor, 5*time.Second)
	def(&u.HealthInterval, 5*time.Second)
	return u
}
