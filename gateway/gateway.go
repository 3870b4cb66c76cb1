package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway/internal/netio"
	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// A Gateway authenticates requests and forwards them.
type Gateway struct {
	log       *slog.Logger
	lim       wire.Limits
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

	addresses, loginAddresses *limiter[netip.Addr]
	subjects                  *limiter[string]

	headTime, idleTime, bodyTime, writeTime int64 // milliseconds

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
		log:            log,
		lim:            wire.Limits{Head: cfg.Limits.Head, Target: cfg.Limits.Target, Fields: cfg.Limits.Fields},
		metrics:        newCollector(),
		tunnels:        tunnels{open: map[*tunnel]struct{}{}},
		logins:         make(gate, cfg.Limits.Logins),
		addresses:      newLimiter[netip.Addr](cfg.Limits.RatePerAddress),
		loginAddresses: newLimiter[netip.Addr](cfg.Limits.LoginsPerAddress),
		subjects:       newLimiter[string](cfg.Limits.RatePerClient),
		headTime:       cfg.Timeouts.Head.Milliseconds(),
		idleTime:       cfg.Timeouts.Idle.Milliseconds(),
		bodyTime:       cfg.Timeouts.Body.Milliseconds(),
		writeTime:      cfg.Timeouts.Write.Milliseconds(),
		conns:          map[*conn]struct{}{},
		perAddr:        map[netip.Addr]int{},
	}
	g.scratches.head = cfg.Limits.Head
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

// fixed is the part of a configuration that only a restart changes.
func (c Config) fixed() Config {
	c.Routes, c.Upstreams, c.TrustedProxies, c.AccessLog = nil, nil, nil, AccessLog{}
	return c
}

// Reload puts routes, upstreams, trusted proxies and the access log of cfg in
// the place of the present ones. A cfg that is no good, or that differs in
// anything else, changes nothing.
func (g *Gateway) Reload(cfg Config) error {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	err := g.reload(cfg)
	if err != nil {
		g.metrics.badLoad.Inc()
		return err
	}
	g.metrics.reloads.Inc()
	return nil
}

// ErrRestart: the new configuration differs where only a restart helps.
var ErrRestart = errors.New("takes a restart to change")

func (g *Gateway) reload(cfg Config) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	cfg = cfg.WithDefaults()
	last := g.snap.Load()
	if key := differs(last.cfg.fixed(), cfg.fixed()); key != "" {
		return fmt.Errorf("%s: %w", key, ErrRestart)
	}
	next, err := newSnapshot(cfg, last, g.watch, g.metrics)
	if err != nil {
		return err
	}
	g.snap.Store(next)
	next.probe(g.ctx, last)
	last.retire(next)
	return nil
}

// differs names the first key in which a and b differ.
func differs(a, b Config) string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			return x.Type().Field(i).Tag.Get("yaml")
		}
	}
	return ""
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
	return c.explain(method, string(bytes.Clone(r.Path))), nil
}
