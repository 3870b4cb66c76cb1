package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"

	"github.com/tollgate/tollgate/gateway/edge"
	"github.com/tollgate/tollgate/gateway/internal/netio"
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/gateway/upstream"
)

// A snapshot is all that a reload changes. It is immutable.
type snapshot struct {
	cfg   Config
	pools map[string]*upstream.Pool // by what routes call them
	tls   map[string]*tls.Config    // of the pools; nil: none
	edge  edge.Settings
}

// newSnapshot makes cfg ready. Upstreams that are the same in last, which may
// be nil, keep their connections.
func newSnapshot(cfg Config, last *snapshot, watch *netio.Watchdog, m *edge.Metrics) (*snapshot, error) {
	before := last
	if before == nil {
		before = &snapshot{}
	}
	l, t := &cfg.Limits, &cfg.Timeouts
	s := &snapshot{cfg: cfg, pools: map[string]*upstream.Pool{}, tls: map[string]*tls.Config{}, edge: edge.Settings{
		Heads:       wire.Limits{Head: l.Head, Target: l.Target, Fields: l.Fields},
		Connections: l.Connections, ConnectionsPerAddress: l.ConnectionsPerAddress, Logins: l.Logins,
		Addresses:      policy.NewLimiter(l.RatePerAddress, before.edge.Addresses),
		LoginAddresses: policy.NewLimiter(l.LoginsPerAddress, before.edge.LoginAddresses),
		Subjects:       policy.NewLimiter(l.RatePerClient, before.edge.Subjects),
		Head:           t.Head, Idle: t.Idle, Body: t.Body, Write: t.Write, Grace: t.Grace, Drain: t.Drain,
		APIUsers:       !cfg.APIUsers.Disabled && cfg.hasService(),
		EndpointPrefix: cfg.Endpoints.Prefix, NoEndpoints: cfg.Endpoints.Disabled || !cfg.hasService(),
		LogSample: cfg.AccessLog.Sample, LogErrors: cfg.AccessLog.Errors,
	}}
	var err error
	if s.edge.GatewayField, err = gatewayField(cfg.UpstreamSecret); err != nil {
		return nil, err
	}
	if s.edge.Resources, err = cfg.resources(); err != nil {
		return nil, fmt.Errorf("endpoints.resource_metadata: %w", err)
	}
	if s.edge.Table, err = policy.New(cfg.Routes, before.edge.Table); err != nil {
		return nil, err
	}
	for i, r := range s.edge.Table.Rules() {
		pool, ok := s.pools[r.Upstream]
		if !ok {
			if pool, err = s.pool(r.Upstream, last, watch); err != nil {
				return nil, fmt.Errorf("routes[%d].upstream: %w", i, err)
			}
			s.pools[r.Upstream] = pool
		}
		s.edge.Routes = append(s.edge.Routes, edge.NewRoute(r, pool, cfg.basePath(r.Upstream), m))
	}
	for _, p := range cfg.TrustedProxies {
		network, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, fmt.Errorf("trusted_proxies: %w", err)
		}
		s.edge.Proxies = append(s.edge.Proxies, network)
	}
	return s, nil
}

// upstreamOf is the upstream that a route calls name: one of the
// configuration's, or the URL itself.
func (c *Config) upstreamOf(name string) Upstream {
	if u, ok := c.Upstreams[name]; ok {
		return u
	}
	return Upstream{URLs: []string{name}}.withDefaults()
}

func (s *snapshot) pool(name string, last *snapshot, watch *netio.Watchdog) (*upstream.Pool, error) {
	u := s.cfg.upstreamOf(name)
	urls, err := baseURLs(u.URLs)
	if err != nil {
		return nil, err
	}
	// Read also where nothing else has changed: the file of an authority may have,
	// or may be gone.
	config, err := upstreamTLS(&u, urls)
	if err != nil {
		return nil, err
	}
	s.tls[name] = config
	if last != nil && last.pools[name] != nil && reflect.DeepEqual(u, last.cfg.upstreamOf(name)) &&
		s.cfg.Timeouts.Dial == last.cfg.Timeouts.Dial && sameAuthorities(config, last.tls[name]) {
		return last.pools[name], nil
	}
	opt := upstream.Options{
		DialTimeout: s.cfg.Timeouts.Dial,
		IdleTimeout: u.IdleTimeout,
		MaxIdle:     u.MaxIdle,
		MaxConns:    u.MaxConns,
		Eject:       upstream.Ejection{Failures: max(u.Failures, 0), For: u.EjectFor},
		Health:      upstream.Health{Path: u.Health, Interval: u.HealthInterval},
		Watchdog:    watch,
		URLs:        urls,
		TLS:         config,
	}
	return upstream.New(opt), nil
}

func baseURLs(addresses []string) (list []*url.URL, err error) {
	for _, address := range addresses {
		parsed, err := baseURL(address)
		if err != nil {
			return nil, err
		}
		list = append(list, parsed)
	}
	return list, nil
}

// sameAuthorities reports whether two configurations, of which either may be nil,
// trust the same authorities.
func sameAuthorities(a, b *tls.Config) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.RootCAs == nil && b.RootCAs == nil || a.RootCAs != nil && b.RootCAs != nil && a.RootCAs.Equal(b.RootCAs)
}

func upstreamTLS(u *Upstream, urls []*url.URL) (*tls.Config, error) {
	for _, a := range urls {
		if a.Scheme == "https" {
			return u.TLS.Client("")
		}
	}
	return nil, nil
}

// probe has the upstreams that last did not have asked for their health.
func (s *snapshot) probe(ctx context.Context, last *snapshot) {
	for name, p := range s.pools {
		if last == nil || last.pools[name] != p {
			go p.Probe(ctx)
		}
	}
}

// retire closes the pools of s that next does not use.
func (s *snapshot) retire(next *snapshot) {
	kept := map[*upstream.Pool]bool{}
	for _, p := range next.pools {
		kept[p] = true
	}
	for _, p := range s.pools {
		if !kept[p] {
			p.Close()
		}
	}
}
