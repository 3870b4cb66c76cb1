package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway/internal/netio"
	"github.com/tollgate/tollgate/gateway/policy"
)

// Config is what a Server is made of. All of it is required, but for TLS.
type Config struct {
	Log      *slog.Logger
	Auth     Authenticator
	Service  Service
	Metrics  *Metrics
	Watchdog *netio.Watchdog
	// TLS has the listener speak TLS.
	TLS *tls.Config
}

// A Server serves the public listener.
type Server struct {
	log     *slog.Logger
	auth    Authenticator
	service Service
	metrics *Metrics
	watch   *netio.Watchdog
	tls     *tls.Config

	settings atomic.Pointer[Settings]
	memories memories
	streams  streams
	logins   gate
	requests atomic.Uint64 // for sampling the log
	refusals lineLimit
	stopping atomic.Bool // told to stop: connections are still taken
	draining atomic.Bool // no more are
	cut      atomic.Bool // the time to drain is over

	mu      sync.Mutex
	lanes   map[*lane]struct{}
	perAddr map[netip.Addr]int // by policy.RateKey
	ended   chan struct{}      // closed once draining and without lanes
}

// New makes a server. It serves by set until Use.
func New(cfg Config, set *Settings) *Server {
	s := &Server{
		log: cfg.Log, auth: cfg.Auth, service: cfg.Service, metrics: cfg.Metrics, watch: cfg.Watchdog,
		tls:     cfg.TLS,
		streams: streams{revoked: cfg.Auth.Revoked, open: map[*stream]bool{}},
		lanes:   map[*lane]struct{}{}, perAddr: map[netip.Addr]int{}, ended: make(chan struct{}),
	}
	s.settings.Store(set)
	return s
}

// Use has requests from now on served by set.
func (s *Server) Use(set *Settings) { s.settings.Store(set) }

// CutRevoked ends the WebSockets and event streams whose tokens have been
// revoked. It has to be called whenever something was.
func (s *Server) CutRevoked() { s.streams.cut() }

// WebSockets is how many are open.
func (s *Server) WebSockets() int { return s.streams.sockets() }

// Connections is how many clients are connected.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lanes)
}

// Stopping reports whether the server has been told to stop.
func (s *Server) Stopping() bool { return s.stopping.Load() }

// maxConcurrency is fasthttp's own bound, which cannot be changed while it
// serves: Settings.Connections is the one that holds.
const maxConcurrency = 1 << 24

// Serve serves ln until ctx ends. Then it goes on for Settings.Grace, in which
// those who send requests here learn from Stopping that they should not, and every
// answer is the last one on its connection. After that it takes no more
// connections, ends those that are idle and lets the requests under way end,
// within Settings.Drain. It
// returns nil after that, or what kept it from serving. A Server serves once.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	server := &fasthttp.Server{
		Handler:                       s.serveEndpoint,
		NoDefaultServerHeader:         true,
		Concurrency:                   maxConcurrency,
		ReduceMemoryUsage:             true, // nothing of fasthttp's is held while a lane serves
		DisablePreParseMultipartForm:  true,
		MaxRequestBodySize:            maxLocalBody,
		ReadBufferSize:                maxHead,
		DisableHeaderNamesNormalizing: false,
		Logger:                        silent{},
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(&listener{Listener: ln, s: s}) }()
	var err error
	select {
	case <-ctx.Done():
		s.stopping.Store(true)
		select {
		case <-time.After(s.settings.Load().Grace):
		case err = <-failed:
		}
	case err = <-failed:
	}
	s.drain(ln)
	stop, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if serr := server.ShutdownWithContext(stop); err == nil && serr != nil && !errors.Is(serr, context.DeadlineExceeded) && !errors.Is(serr, net.ErrClosed) {
		err = serr
	}
	return err
}

// maxHead is what the head of a request for an endpoint can be at most, written
// anew: limits.head is 65536 at most.
const maxHead = 72 << 10

// silent keeps fasthttp from logging what clients do wrong.
type silent struct{}

func (silent) Printf(string, ...any) {}

// A listener gives fasthttp lanes instead of connections.
type listener struct {
	net.Listener
	s *Server
}

// unsent is how much of an answer lies ready in the kernel for a client that has
// no room for it yet. Without a bound the kernel takes megabytes.
const unsent = 128 << 10

// Accept waits for a connection for which there is room. It returns an error
// only once the listener is closed: fasthttp would end at any.
func (ln *listener) Accept() (net.Conn, error) {
	var pause time.Duration
	for {
		nc, err := ln.Listener.Accept()
		if err != nil {
			if ln.s.draining.Load() || errors.Is(err, net.ErrClosed) {
				return nil, net.ErrClosed
			}
			// Out of file descriptors, say: waiting helps more than ending.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			ln.s.log.Warn("accepting a connection", "error", err)
			time.Sleep(pause)
			continue
		}
		pause = 0
		if ln.s.tls != nil {
			nc = tls.Server(nc, ln.s.tls)
		}
		l := newLane(ln.s, nc)
		l.nc.LimitUnsent(unsent)
		if ln.s.admit(l) {
			return l, nil
		}
		nc.Close()
	}
}

// admit counts l in, unless there are too many.
func (s *Server) admit(l *lane) bool {
	set, key := s.settings.Load(), policy.RateKey(l.remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() || len(s.lanes) >= set.Connections {
		return false
	}
	if most := set.ConnectionsPerAddress; most > 0 && s.perAddr[key] >= most {
		return false
	}
	s.perAddr[key]++ // always: a reload may bring the bound
	s.lanes[l] = struct{}{}
	return true
}

func (s *Server) dismiss(l *lane) {
	key := policy.RateKey(l.remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lanes, l)
	if s.perAddr[key]--; s.perAddr[key] <= 0 {
		delete(s.perAddr, key)
	}
	if len(s.lanes) == 0 && s.draining.Load() {
		s.endedLocked()
	}
}

func (s *Server) endedLocked() {
	select {
	case <-s.ended:
	default:
		close(s.ended)
	}
}

// drain takes no more connections, ends those that wait, and lets the requests
// under way end.
func (s *Server) drain(ln net.Listener) {
	s.mu.Lock() // admit counts nobody in after this
	s.stopping.Store(true)
	s.draining.Store(true)
	if len(s.lanes) == 0 {
		s.endedLocked()
	}
	s.mu.Unlock()
	ln.Close()
	deadline := time.After(s.settings.Load().Drain)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	s.streams.cutSockets()
	for {
		s.each(func(l *lane) {
			if !l.busy.Load() {
				l.nc.KickRead()
			}
		})
		select {
		case <-s.ended:
			return
		case <-tick.C:
		case <-deadline:
			s.cut.Store(true)
			s.each(func(l *lane) { l.nc.Kick() })
			select {
			case <-s.ended:
			case <-time.After(time.Second):
			}
			return
		}
	}
}

// each calls f with every connection.
func (s *Server) each(f func(*lane)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.lanes {
		f(l)
	}
}

// soon is a deadline for a last answer.
func (s *Server) soon() time.Time { return time.Now().Add(time.Second) }
