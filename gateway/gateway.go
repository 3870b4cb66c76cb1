package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway/internal/netio"
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// A Gateway authenticates requests and forwards them.
type Gateway struct {
	log       *slog.Logger
	scratches scratches
	watch     *netio.Watchdog
	auth      *authenticator
	metrics   *collector
	hallmark  []byte // the field by which upstreams know the gateway
	tls       *serverTLS
	snap      atomic.Pointer[snapshot]
	tunnels   tunnels
	logins    gate
	requests  atomic.Uint64 // for sampling the log

	reloading sync.Mutex
	ctx       context.Context // ends when the gateway has drained
	end       context.CancelFunc
	draining  atomic.Bool
	open      atomic.Int64
	mu        sync.Mutex
	conns     map[*conn]struct{}
	perAddr   map[netip.Addr]int
	done      sync.WaitGroup
}

// New makes a gateway of cfg. It reads secrets and certificates, and connects
// to nothing yet.
func New(cfg Config, log *slog.Logger) (*Gateway, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg = cfg.WithDefaults()
	g := &Gateway{
		log:     log,
		metrics: newCollector(),
		tunnels: tunnels{open: map[*tunnel]struct{}{}},
		conns:   map[*conn]struct{}{},
		perAddr: map[netip.Addr]int{},
	}
	g.ctx, g.end = context.WithCancel(context.Background())
	if cfg.UpstreamSecret.Set() {
		secret, err := cfg.UpstreamSecret.Read()
		if err != nil {
			return nil, fmt.Errorf("upstream_secret: %w", err)
		}
		if !visible(secret, 0) {
			return nil, errors.New("upstream_secret: cannot travel in a header field")
		}
		g.hallmark = []byte("X-Auth-Gateway: " + secret + "\r\n")
	}
	var err error
	if g.tls, err = newServerTLS(cfg.TLS); err != nil {
		return nil, err
	}
	if g.auth, err = newAuthenticator(&cfg, log); err != nil {
		return nil, err
	}
	g.watch = netio.NewWatchdog()
	snap, err := newSnapshot(cfg, nil, g.watch, g.metrics)
	if err != nil {
		g.watch.Stop()
		g.auth.close()
		return nil, err
	}
	g.snap.Store(snap)
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
	adminServer := &fasthttp.Server{
		Handler: g.admin, Name: "tollgate", NoDefaultServerHeader: true, CloseOnShutdown: true,
		ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, DisablePreParseMultipartForm: true,
		DisableHeaderNamesNormalizing: false, MaxRequestBodySize: 1 << 20, ReadBufferSize: 64 << 10, Logger: quiet{},
	}
	failed := make(chan error, 2)
	go func() { failed <- adminServer.Serve(admin) }()
	go func() { failed <- g.accept(public) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	g.drain(public)
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
			g.tunnels.cut(g.auth.revoked)
		case now := <-tick.C:
			g.auth.stale.Store(!g.auth.follower.Healthy(now))
			if n%10 == 0 {
				if g.snap.Load().cfg.Keys.File != "" && g.auth.keys != nil {
					go g.auth.keys.Refresh(g.ctx) // an error is logged there
				}
				for _, p := range g.snap.Load().pools {
					p.Sweep()
				}
			}
		}
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

// Explain says which route a method and path take, and why.
func (c Config) Explain(method, target string) (string, error) {
	var r wire.Request
	c = c.WithDefaults()
	if err := r.SetTarget([]byte(method), []byte(target), wire.Limits{Target: c.Limits.Target}); err != nil {
		return "", fmt.Errorf("%s %s is refused with 400: %w", method, target, err)
	}
	return c.explain(&policy.Request{Method: r.Method, Path: r.Path, Needs: r.Needs}), nil
}
