package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway/edge"
	"github.com/tollgate/tollgate/gateway/internal/netio"
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// A Gateway authenticates requests and forwards them.
type Gateway struct {
	log     *slog.Logger
	watch   *netio.Watchdog
	auth    *authenticator
	edge    *edge.Server
	metrics *collector
	snap    atomic.Pointer[snapshot]

	reloading sync.Mutex
	ctx       context.Context // ends when the gateway has drained
	end       context.CancelFunc
}

// New makes a gateway of cfg. It reads secrets and certificates, and connects
// to nothing yet.
func New(cfg Config, log *slog.Logger) (*Gateway, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg = cfg.WithDefaults()
	g := &Gateway{log: log, metrics: newCollector()}
	g.ctx, g.end = context.WithCancel(context.Background())
	tlsConfig, err := newServerTLS(cfg.TLS, log)
	if err != nil {
		return nil, err
	}
	if g.auth, err = newAuthenticator(&cfg, log); err != nil {
		return nil, err
	}
	g.auth.countRefusals(g.metrics.set, cfg.Issuer)
	g.watch = netio.NewWatchdog()
	snap, err := newSnapshot(cfg, nil, g.watch, g.metrics.requests)
	if err != nil {
		g.watch.Stop()
		g.auth.close()
		return nil, err
	}
	g.snap.Store(snap)
	var service edge.Service
	if g.auth.client != nil {
		service = endpointService{g.auth.client, g.ctx}
	}
	g.edge = edge.New(edge.Config{
		Log: log, Auth: g.auth, Service: service, Metrics: g.metrics.requests,
		Watchdog: g.watch, TLS: tlsConfig,
	}, &snap.edge)
	g.metrics.watch(g)
	return g, nil
}

// Serve serves both listeners until ctx ends, then lets the requests under way
// end, within timeouts.drain. It returns nil after that, or what kept it from
// serving. A Gateway serves once.
func (g *Gateway) Serve(ctx context.Context, public, admin net.Listener) error {
	defer g.shut()
	g.auth.run(g.ctx)
	g.snap.Load().probe(g.ctx, nil)
	go g.housekeeping()
	go g.compareIssuer()
	adminServer := &fasthttp.Server{
		Handler: g.admin, Name: "tollgate", NoDefaultServerHeader: true, CloseOnShutdown: true,
		ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, DisablePreParseMultipartForm: true,
		DisableHeaderNamesNormalizing: false, MaxRequestBodySize: 1 << 20, ReadBufferSize: 64 << 10, Logger: quiet{},
	}
	serving, stopServing := context.WithCancelCause(ctx)
	defer stopServing(nil)
	go func() { stopServing(adminServer.Serve(admin)) }()
	err := g.edge.Serve(serving, public)
	if err == nil && ctx.Err() == nil {
		err = context.Cause(serving) // of the admin listener
	}
	stop, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if serr := adminServer.ShutdownWithContext(stop); err == nil && serr != nil && !errors.Is(serr, context.DeadlineExceeded) {
		err = serr
	}
	return err
}

// quiet keeps the admin server from logging what its clients do wrong.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// housekeeping does what is to be done now and then.
func (g *Gateway) housekeeping() {
	tick := time.NewTicker(netio.Tick)
	defer tick.Stop()
	changed := g.auth.set.Changed()
	for n := 0; ; n++ {
		select {
		case <-g.ctx.Done():
			return
		case <-changed:
			changed = g.auth.set.Changed()
			g.edge.CutRevoked()
		case now := <-tick.C:
			if g.auth.follower != nil {
				g.feedIs(g.auth.follower.Healthy(now))
			}
			if n%10 == 0 {
				if g.snap.Load().cfg.Keys.File != "" && g.auth.keys != nil {
					go g.auth.keys.Refresh(g.ctx) // an error is logged there
				}
				g.auth.others.reread(g.ctx)
				for _, p := range g.snap.Load().pools {
					p.Sweep()
				}
				g.rereadUpstreamSecret()
			}
		}
	}
}

// feedIs notes whether the feed of revocations can be relied on, and says when
// that changes.
func (g *Gateway) feedIs(healthy bool) {
	switch was := !g.auth.stale.Swap(!healthy); {
	case healthy && !was:
		g.log.Info("revocations are followed", "revocations", g.auth.set.Len())
	case !healthy && was:
		g.log.Error("the feed of revocations is lost", "for", g.auth.follower.Lag(time.Now()).Round(time.Second).String(), "requests", g.snap.Load().cfg.Revocations.WhenStale)
	}
}

// shut lets go of everything once nothing is served any more.
func (g *Gateway) shut() {
	g.end()
	for _, p := range g.snap.Load().pools {
		p.Close()
	}
	g.watch.Stop()
	g.auth.close()
}

// Explain says which route a request takes, and why. The target is a path, or a
// URL where routes are for certain hosts.
func (c Config) Explain(method, target string) (string, error) {
	c = c.WithDefaults()
	asked, err := c.asked(method, target)
	if err != nil {
		return "", err
	}
	return c.explain(asked), nil
}

// asked is the request that Explain is asked about.
func (c *Config) asked(method, target string) (*policy.Request, error) {
	var r wire.Request
	host := ""
	if _, rest, ok := strings.Cut(target, "://"); ok {
		var path string
		host, path, _ = strings.Cut(rest, "/")
		target = "/" + path
	}
	if err := r.SetTarget([]byte(method), []byte(target), wire.Limits{Target: c.Limits.Target}); err != nil {
		return nil, fmt.Errorf("%s %s is refused with 400: %w", method, target, err)
	}
	return &policy.Request{Method: r.Method, Host: []byte(host), Path: r.Path, Needs: r.Needs}, nil
}
