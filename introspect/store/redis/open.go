package redis

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

// Options say which servers, and how to reach them.
type Options struct {
	// Addresses are host:port: of one server, or of several of which one is the
	// master at a time; of sentinels; or of some nodes of a cluster.
	Addresses []string
	Sentinel  Sentinel
	Cluster   bool
	Username  string
	Password  string
	TLS       *tls.Config   // nil: none; of sentinels too
	Database  int           // 0 on a cluster
	Prefix    string        // of every key
	Timeout   time.Duration // of one call
	Log       *slog.Logger

	blockFor time.Duration // how long the server holds a read of the feed; Close waits for that; 0: 250 ms
}

// Sentinel says that Addresses are those of sentinels.
type Sentinel struct {
	Master   string // the name of the master; empty: there are no sentinels
	Username string
	Password string
}

// Store is a store.Store in Redis.
type Store struct {
	link    *link
	keys    keys
	timeout time.Duration
	log     *slog.Logger
	feed    *store.Feed
	clients clientCache

	stop   context.CancelFunc
	ended  chan struct{} // closed when the reader of the feed has ended
	failed chan struct{} // never closed: a server that is lost may come back

	mu     sync.Mutex
	fault  error    // why the feed cannot be read, or nil
	unfit  error    // why nothing may be asked of the server, or nil
	warned []string // servers without an append-only file that the log has named
}

// Open connects to the servers, refuses those that are not fit, and reads the feed.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.blockFor == 0 {
		o.blockFor = 250 * time.Millisecond
	}
	shards := 1
	if o.Cluster {
		shards = clusterShards
	}
	l, err := connect(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Store{
		link: l, keys: keys{o.Prefix, shards}, timeout: o.Timeout, log: o.Log,
		feed: store.NewSharedFeed(shards), ended: make(chan struct{}), failed: make(chan struct{}),
	}
	s.clients.init()
	f := &follower{s: s, last: make([]uint64, shards)}
	if err := f.catchUp(ctx); err != nil {
		l.close()
		return nil, fmt.Errorf("store at %v: %w", o.Addresses, err)
	}
	ctx, s.stop = context.WithCancel(context.Background())
	go f.run(ctx)
	return s, nil
}

// checkFit refuses servers that are not fit, and warns once of each that may forget.
func (s *Store) checkFit(ctx context.Context) error {
	forgetful, err := s.link.fit(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unfit = nil
	for _, address := range forgetful {
		if !slices.Contains(s.warned, address) {
			s.log.Warn("server writes no append-only file (appendonly no): a restart of it takes back tokens, logins and revocations", "server", address)
		}
	}
	s.warned = forgetful
	return nil
}

// refuses is why nothing may be asked of the server at present: it would answer, but
// not with what other instances have been told.
func (s *Store) refuses() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unfit
}

// do has the server carry out a command within the time of one call.
func (s *Store) do(ctx context.Context, command func(b rueidis.Builder) rueidis.Completed) rueidis.RedisResult {
	return s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed { return []rueidis.Completed{command(b)} })[0]
}

// doAll is do for several commands, which may be carried out in any order.
func (s *Store) doAll(ctx context.Context, commands func(b rueidis.Builder) []rueidis.Completed) []rueidis.RedisResult {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c := s.link.client()
	all := commands(c.B())
	if err := s.refuses(); err != nil {
		return slices.Repeat([]rueidis.RedisResult{rueidis.NewErrorResult(err)}, len(all))
	}
	if len(all) == 1 {
		return []rueidis.RedisResult{c.Do(ctx, all[0])}
	}
	return c.DoMulti(ctx, all...)
}

// run runs a script within the time of one call. All keys are in one shard.
func (s *Store) run(ctx context.Context, script *rueidis.Lua, keys []string, args ...string) rueidis.RedisResult {
	if err := s.refuses(); err != nil {
		return rueidis.NewErrorResult(err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return script.Exec(ctx, s.link.client(), keys, args)
}

// firstError is the first error among results that is not a missing key.
func firstError(results []rueidis.RedisResult) error {
	for _, r := range results {
		if err := r.Error(); err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
	}
	return nil
}

// Feed implements store.Revocations.
func (s *Store) Feed() *store.Feed { return s.feed }

// readyFor is how long what Ready writes stays.
const readyFor = time.Minute

// Ready implements store.Store. It writes to every shard: a server that is full or
// read-only answers reads.
func (s *Store) Ready(ctx context.Context) error {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil {
		return fault
	}
	return firstError(s.doAll(ctx, func(b rueidis.Builder) (all []rueidis.Completed) {
		for shard := range s.keys.shards {
			all = append(all, b.Set().Key(s.keys.ready(shard)).Value("1").Ex(readyFor).Build())
		}
		return all
	}))
}

// Failed implements store.Store.
func (s *Store) Failed() <-chan struct{} { return s.failed }

// Close implements store.Store.
func (s *Store) Close() error {
	s.stop()
	<-s.ended
	s.link.close()
	return nil
}

// Sweep implements store.Store. The server drops expired keys itself; entries
// of the feed are left to us.
func (s *Store) Sweep(ctx context.Context, now int64, limit int) (int, error) {
	gone := s.feed.Drop(now, limit)
	if len(gone) == 0 {
		return 0, nil
	}
	ids := make([][]string, s.keys.shards)
	for _, at := range gone {
		ids[at.Shard] = append(ids[at.Shard], entryID(at.Seq))
	}
	return len(gone), firstError(s.doAll(ctx, func(b rueidis.Builder) (all []rueidis.Completed) {
		for shard, list := range ids {
			if len(list) > 0 {
				all = append(all, b.Xdel().Key(s.keys.feed(shard)).Id(list...).Build())
			}
		}
		return all
	}))
}

var (
	_ store.Store   = (*Store)(nil)
	_ store.Budgets = (*Store)(nil)
)
