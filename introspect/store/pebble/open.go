package pebble

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tollgate/tollgate/introspect/store"
)

// Options are what may be chosen about a store; the zero value is usable.
type Options struct {
	FS         vfs.FS // nil: the operating system's, all for the process's user alone
	HotTokens  int    // access tokens held in memory; 0: 100,000
	CacheBytes int64  // of blocks of the database in memory; 0: 64 MiB
	Log        *slog.Logger
}

// Store is a store.Store in a folder.
type Store struct {
	db      *pebble.DB
	users   *store.Directory[store.User]
	clients *store.Directory[store.Client]
	feed    *store.Feed
	hot     *store.Hot

	sessions [4096]sync.Mutex // by hash of the sid: held while a session is read or changed
	seed     maphash.Seed

	revocations queue[[]store.Event]
	writes      queue[write]
	queues      sync.WaitGroup // of those who work them off
	closing     sync.RWMutex   // held for reading by every call, so that Close waits for them
	closed      bool

	broken atomic.Bool
	failed chan struct{}

	pace pace

	sweeping  sync.Mutex
	swept     []byte    // every key of the expiry index before it has been swept
	indexed   []byte    // every key of it before this one has been deleted from it
	unindexed int       // how many batches ago
	deleted   int       // records since the last compaction
	looked    time.Time // when keepPace last looked
	flushing  int       // how many times in a row it saw a flush
}

// memTable is also the size of a log, of which Pebble keeps four to write
// over: disk space that is never given back.
const memTable = 8 << 20

const layout = "1" // of the keys; a folder of another layout is refused

// Open opens the store in dir, and makes it where there is none.
func Open(dir string, o Options) (*Store, error) {
	if o.HotTokens == 0 {
		o.HotTokens = 100_000
	}
	if o.CacheBytes == 0 {
		o.CacheBytes = 64 << 20
	}
	if o.FS == nil {
		var err error
		if o.FS, err = openPrivate(dir); err != nil {
			return nil, fmt.Errorf("opening store %q: %w", dir, err)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		users:       store.NewDirectory[store.User](),
		clients:     store.NewDirectory[store.Client](),
		hot:         store.NewHot(o.HotTokens),
		seed:        maphash.MakeSeed(),
		revocations: make(queue[[]store.Event], queueLength),
		writes:      make(queue[write], queueLength),
		failed:      make(chan struct{}),
		swept:       expiryKey(0, nil),
		indexed:     expiryKey(0, nil),
	}
	po := &pebble.Options{
		FS:                 &paced{o.FS, &s.pace},
		CacheSize:          o.CacheBytes,
		FormatMajorVersion: pebble.FormatColumnarBlocks,
		MemTableSize:       memTable,
		Logger:             &logger{o.Log, s},
	}
	for i := range po.Levels {
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	var err error
	if s.db, err = pebble.Open(dir, po); err != nil {
		return nil, fmt.Errorf("opening store %q: %w", dir, err)
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading store %q: %w", dir, err), s.db.Close())
	}
	s.queues.Go(func() { s.revocations.work(s.commitRevocations) })
	s.queues.Go(func() { s.writes.work(s.commitWrites) })
	return s, nil
}

// load checks the layout and reads what is held in memory.
func (s *Store) load() error {
	if err := s.epoch(); err != nil {
		return err
	}
	err := s.scan(prefixUser, func(k, v []byte) error {
		u := new(store.User)
		if err := json.Unmarshal(v, u); err != nil {
			return fmt.Errorf("user: %w", err)
		}
		return s.users.Put(u.ID, u, nil, func() error { return nil })
	})
	if err != nil {
		return err
	}
	err = s.scan(prefixClient, func(k, v []byte) error {
		c := new(store.Client)
		if err := json.Unmarshal(v, c); err != nil {
			return fmt.Errorf("client: %w", err)
		}
		return s.clients.Put(c.ID, c, nil, func() error { return nil })
	})
	if err != nil {
		return err
	}
	err = s.scan(prefixEvent, func(k, v []byte) error {
		var ev store.Event
		if err := json.Unmarshal(v, &ev); err != nil || len(k) != 9 {
			return fmt.Errorf("revocation: %w", errDamaged)
		}
		s.feed.Append(binary.BigEndian.Uint64(k[1:]), ev)
		return nil
	})
	if err != nil {
		return err
	}
	last, err := s.get(nameKey(prefixMeta, "last"))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || len(last) != 8 {
		return errors.Join(errDamaged, err)
	}
	s.feed.Advance(binary.BigEndian.Uint64(last))
	return nil
}

var errDamaged = errors.New("record is damaged")

// epoch reads, or at first start writes, the layout and the feed's epoch.
func (s *Store) epoch() error {
	found, err := s.get(nameKey(prefixMeta, "layout"))
	switch {
	case err == nil && string(found) != layout:
		return fmt.Errorf("layout %q is not %q, the one this version reads", found, layout)
	case err == nil:
		epoch, err := s.get(nameKey(prefixMeta, "epoch"))
		if err != nil {
			return err
		}
		s.feed = store.NewFeed(string(epoch))
		return nil
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	var random [8]byte
	rand.Read(random[:])
	epoch := hex.EncodeToString(random[:])
	b := s.db.NewBatch()
	set(b, nameKey(prefixMeta, "epoch"), []byte(epoch))
	set(b, nameKey(prefixMeta, "layout"), []byte(layout))
	s.feed = store.NewFeed(epoch)
	return s.commit(b)
}

// scan calls f for every record under a prefix, in the order of their keys.
func (s *Store) scan(prefix byte, f func(k, v []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefix}, UpperBound: []byte{prefix + 1}})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		if err := f(it.Key(), it.Value()); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return it.Close()
}

// get returns a copy of the value of k.
func (s *Store) get(k []byte) ([]byte, error) {
	v, closer, err := s.db.Get(k)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	v = bytes.Clone(v)
	return v, closer.Close()
}
