package redis

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

// Options say which server, and how to reach it.
type Options struct {
	Address  string
	Username string
	Password string
	TLS      *tls.Config // nil: none
	Database int
	Prefix   string        // of every key
	Timeout  time.Duration // of one call
	Log      *slog.Logger
}

// Store is a store.Store in a Redis server.
type Store struct {
	c       rueidis.Client
	keys    keys
	timeout time.Duration
	log     *slog.Logger
	feed    *store.Feed
	clients clientCache

	stop   context.CancelFunc
	ended  chan struct{} // closed when the reader of the feed has ended
	failed chan struct{} // never closed: a server that is lost may come back

	mu    sync.Mutex
	fault error // why the feed cannot be read, or nil
}

// ErrEviction: the server may drop keys when its memory is full.
var ErrEviction = errors.New("maxmemory-policy must be noeviction")

// flushDelay lets commands of concurrent calls leave in one write.
const flushDelay = 20 * time.Microsecond

// Open connects to the server, refuses one that is not fit, and reads the feed.
func Open(ctx context.Context, o Options) (*Store, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{o.Address}, Username: o.Username, Password: o.Password, SelectDB: o.Database,
		TLSConfig: o.TLS, Dialer: net.Dialer{Timeout: o.Timeout}, ConnWriteTimeout: o.Timeout,
		ForceSingleClient: true, DisableCache: true, MaxFlushDelay: flushDelay,
	})
	if err != nil {
		return nil, fmt.Errorf("connecting to %q: %w", o.Address, err)
	}
	s := &Store{
		c: c, keys: keys("{" + o.Prefix + "}:"), timeout: o.Timeout, log: o.Log,
		feed: store.NewFeed("", true), ended: make(chan struct{}), failed: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.clients.init()
	if err := s.fit(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("server at %q: %w", o.Address, err)
	}
	f := &follower{s: s}
	if err := f.catchUp(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("reading the feed at %q: %w", o.Address, err)
	}
	ctx, s.stop = context.WithCancel(context.Background())
	go f.run(ctx)
	return s, nil
}

// fit refuses a server that may drop keys.
func (s *Store) fit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	info, err := s.c.Do(ctx, s.c.B().Info().Section("memory").Build()).ToString()
	if err != nil {
		return err
	}
	for line := range strings.Lines(info) {
		policy, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:")
		if ok && policy != "noeviction" {
			return fmt.Errorf("%w, not %s", ErrEviction, policy)
		}
	}
	return nil
}

// epoch reads the feed's epoch, and makes one where there is none: on a new
// server, and on one that has lost everything.
func (s *Store) epoch(ctx context.Context) (string, error) {
	var random [8]byte
	rand.Read(random[:])
	key := s.keys.epoch()
	err := s.c.Do(ctx, s.c.B().Set().Key(key).Value(hex.EncodeToString(random[:])).Nx().Build()).Error()
	if err != nil && !rueidis.IsRedisNil(err) {
		return "", err
	}
	return s.c.Do(ctx, s.c.B().Get().Key(key).Build()).ToString()
}

// Feed implements store.Revocations.
func (s *Store) Feed() *store.Feed { return s.feed }

// Ready implements store.Store.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.c.Do(ctx, s.c.B().Ping().Build()).Error(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// Failed implements store.Store.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// Close implements store.Store.
func (s *Store) Close() error {
	s.stop()
	s.c.Close()
	<-s.ended
	return nil
}

// Sweep implements store.Store. The server drops expired keys itself; entries
// of the feed are left to us.
func (s *Store) Sweep(ctx context.Context, now int64, limit int) (int, error) {
	gone := s.feed.Drop(now, limit)
	if len(gone) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	ids := make([]string, len(gone))
	for i, seq := range gone {
		ids[i] = entryID(seq)
	}
	return len(gone), s.c.Do(ctx, s.c.B().Xdel().Key(s.keys.feed()).Id(ids...).Build()).Error()
}

var _ store.Store = (*Store)(nil)
