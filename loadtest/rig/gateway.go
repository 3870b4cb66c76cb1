package rig

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Gateway is a running gateway.
type Gateway struct {
	*Process
	Admin string
}

// GatewayOptions describe one.
type GatewayOptions struct {
	Mode        string        // jwt, opaque or phantom
	ClaimsCache bool          // remember verified JWTs
	TTL         time.Duration // remember introspections; 0: ask every time
	Service     *Service
	Through     string // where the service is reached, if not directly
	Upstream    string // URL of what is behind it
	Label       string // default gateway
}

// Paths of the routes of every gateway: one that needs a token with a role, one
// for everybody.
const (
	SecurePath = "/work"
	PublicPath = "/public"
)

// Gateway starts a gateway and waits until it is ready.
func (r *Rig) Gateway(ctx context.Context, o GatewayOptions) (*Gateway, error) {
	if o.Label == "" {
		o.Label = "gateway"
	}
	if o.Through == "" {
		o.Through = o.Service.URL()
	}
	dir, err := r.folder(o.Label)
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	secret, err := write(dir, "secret", o.Service.secrets[gatewayClient]+"\n")
	if err != nil {
		return nil, err
	}
	claims := int64(-1)
	if o.ClaimsCache {
		claims = 16 << 20 // as by default
	}
	config, err := write(dir, "gateway.yaml", fmt.Sprintf(`listen: %s
admin: %s
mode: %s
issuer: %s
audience: orders
timeouts: {grace: 1ms, drain: 5s}
security_service:
  url: %s
  client_id: %s
  client_secret: {file: %s}
  timeout: 2s
cache:
  claims: %d
  introspection_ttl: %s
routes:
  - {prefix: %s, upstream: "%[11]s", roles: [%s]}
  - {prefix: %s, upstream: "%[11]s", public: true}
  - {prefix: /loadtest, upstream: "%[11]s", public: true}
`, ports[0], ports[1], o.Mode, o.Service.Issuer, o.Through, gatewayClient, secret, claims, o.TTL,
		SecurePath, o.Upstream, callerRole, PublicPath))
	if err != nil {
		return nil, err
	}
	p, err := r.start(o.Label, dir, false, "gateway", "--config", config)
	if err != nil {
		return nil, err
	}
	g := &Gateway{p, ports[1]}
	g.Listen = ports[0]
	ready := func() error { _, err := fetch(ctx, "http://"+g.Admin+"/readyz"); return err }
	return g, g.await(ctx, ready)
}

// Counts are what a gateway has counted since its start.
type Counts struct {
	Calls, Hits, Misses int64 // of introspection
	ClaimsHits          int64
	ClaimsMisses        int64
}

// Counts reads them.
func (g *Gateway) Counts(ctx context.Context) (Counts, error) {
	m, err := Scrape(ctx, g.Admin)
	if err != nil {
		return Counts{}, err
	}
	var c Counts
	for name, to := range map[string]*int64{
		"tollgate_introspection_calls_total":        &c.Calls,
		"tollgate_introspection_cache_hits_total":   &c.Hits,
		"tollgate_introspection_cache_misses_total": &c.Misses,
		"tollgate_claims_cache_hits_total":          &c.ClaimsHits,
		"tollgate_claims_cache_misses_total":        &c.ClaimsMisses,
	} {
		*to = int64(m[name])
	}
	return c, nil
}

// Sub returns what was counted since an earlier reading.
func (c Counts) Sub(o Counts) Counts {
	return Counts{c.Calls - o.Calls, c.Hits - o.Hits, c.Misses - o.Misses, c.ClaimsHits - o.ClaimsHits, c.ClaimsMisses - o.ClaimsMisses}
}

// Add adds what another gateway has counted.
func (c *Counts) Add(o Counts) {
	c.Calls += o.Calls
	c.Hits += o.Hits
	c.Misses += o.Misses
	c.ClaimsHits += o.ClaimsHits
	c.ClaimsMisses += o.ClaimsMisses
}

// Prime sends one request with each token, so that caches know them all, and
// fails unless each is let through.
func (g *Gateway) Prime(ctx context.Context, tokens [][]byte) error {
	errs := make([]error, 16)
	var wait sync.WaitGroup
	for w := range errs {
		wait.Go(func() {
			for i := w; i < len(tokens) && errs[w] == nil; i += len(errs) {
				errs[w] = FetchAs(ctx, g.URL()+SecurePath, tokens[i])
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}
