package introspect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate/engine/revocation"
	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/authorize"
	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/store"
)

const (
	drainTime   = 5 * time.Second  // for requests under way when the service ends
	readTimeout = 10 * time.Second // for a whole request
	idleTimeout = 5 * time.Minute  // between requests of a connection
)

// Service is a security service. It is made by New, and safe for concurrent
// use.
type Service struct {
	cfg     Config
	log     *slog.Logger
	now     func() time.Time
	clock   revocation.Clock // of the sweeps
	store   store.Store
	keyring *signing.Keyring
	hasher  *account.Hasher
	limits  *account.Limiter
	budgets store.Budgets // what limits has spent, and failures of clients
	admin   *admin.Local
	metrics *serviceMetrics
	below   string // the issuer's path, under which the endpoints are
	browser *authorize.Server
	origins origins

	draining chan struct{} // closed when Serve begins to end
}

// New opens the store and the keys, and makes a first key where there is none.
func New(cfg Config, log *slog.Logger) (*Service, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	local, err := open(cfg.WithDefaults(), log)
	if err != nil {
		return nil, err
	}
	c := cfg.WithDefaults()
	s := &Service{
		cfg: c, log: log, now: time.Now,
		store: local.Store, keyring: local.Keyring, hasher: local.Hasher, admin: local,
		draining: make(chan struct{}),
		below:    issuerPath(c.Issuer),
	}
	if plainly(c.Issuer) {
		log.Warn("issuer is not https: tokens and secrets travel for all to read (RFC 8414, section 2)", "issuer", c.Issuer)
	}
	s.budgets = s.budgetsOf(local.Store)
	s.limits = account.NewLimiter(c.Login.PerPair.rate(), c.Login.PerAddress.rate(), c.Login.PerID.rate(), s.budgets)
	begin := s.now()
	s.clock.Wall = func() time.Time { return s.now() }
	s.clock.Elapsed = func() time.Duration { return s.now().Sub(begin) }
	s.store.Feed().Hold(time.Duration(s.keyring.Tail())*time.Second, func() time.Duration { return s.clock.Elapsed() })
	s.clock.Now() // from here on a jump ahead is known as one
	s.metrics = newMetrics(s)
	s.store = newTimed(s.store, s.metrics.set)
	s.browser = s.newAuthorize()
	s.keyring.Follow(func(kid string) bool { return s.store.Feed().KeyRevoked(kid) })
	if errors.Is(s.keyring.Ready(s.now().Unix()), signing.ErrNoKey) {
		if _, err := s.admin.NewKey(background); err != nil {
			return nil, errors.Join(fmt.Errorf("making the first signing key: %w", err), s.store.Close())
		}
	}
	return s, nil
}

// budgetsOf are those of a store that several instances share, or the service's own.
func (s *Service) budgetsOf(of store.Store) store.Budgets {
	if shared, ok := of.(store.Budgets); ok {
		return shared
	}
	return account.NewBudgets(func() time.Time { return s.now() })
}

func (l LimitConfig) rate() account.Rate { return account.Rate{Burst: l.Burst, Every: l.Every} }

// Admin is what an operator may do, for who has made the service in the same
// process.
func (s *Service) Admin() admin.Admin { return s.admin }

// Ready reports why the service cannot serve at present, or nil.
func (s *Service) Ready() error {
	ctx, cancel := context.WithTimeout(background, time.Second)
	defer cancel()
	if err := s.store.Ready(ctx); err != nil {
		return err
	}
	return s.keyring.Ready(s.now().Unix())
}

// Close closes the store and ends the processes of HashWith. It is called once
// Serve has returned.
func (s *Service) Close() error {
	s.hasher.Close()
	return s.store.Close()
}

// HashWith has passwords hashed by processes of their own, as many as may hash at
// once, each of which runs command: that has to call account.Work with its
// standard input and output. Their priority is low, so that logins do not slow
// introspection. It is called before Serve, or not at all.
func (s *Service) HashWith(command ...string) error { return s.hasher.Outsource(command...) }

// Serve serves until ctx ends or the store fails, then drains and returns. It
// is called once. It closes both listeners.
func (s *Service) Serve(ctx context.Context, public, adminListener net.Listener) error {
	defer public.Close()
	defer adminListener.Close()
	socket, err := listenSocket(socketPath(s.cfg.Data))
	if err != nil {
		return fmt.Errorf("admin socket: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.servePublic(ctx, public) })
	group.Go(func() error { return serveHTTP(ctx, adminListener, s.adminHandler()) })
	group.Go(func() error { return serveHTTP(ctx, socket, admin.Handler(s.admin)) })
	group.Go(func() error { return s.keepKeys(ctx) })
	group.Go(func() error { return s.keepSwept(ctx) })
	group.Go(func() error {
		select {
		case <-s.store.Failed():
			return store.ErrFailed
		case <-ctx.Done():
			return nil
		}
	})
	return group.Wait()
}
