package claimcache

import (
	"hash/maphash"
	"math/rand/v2"
	"time"

	"github.com/dgraph-io/ristretto/v2"
	"github.com/puzpuzpuz/xsync/v4"
)

const (
	// overhead is what an entry takes beside what its owner says: the records that
	// ristretto keeps of it in three maps.
	overhead = 320
	// typical is the size of an entry that the tables are laid out for.
	typical = 2048
	// tail is how much of a token's end is hashed. The end is its signature, which
	// differs between any two tokens of an issuer, and what a stranger puts there
	// only ever finds a token that is not the same.
	tail = 64
	// Of this many hits in the front, ristretto hears of one, picked at random, so
	// that it knows what is busy without being asked each time.
	sample = 16
)

// A Cache keeps entries in a bounded number of bytes. It is safe for concurrent
// use.
type Cache[V any] struct {
	seed  maphash.Seed
	kept  *ristretto.Cache[uint64, *Entry[V]]
	front []place[V]
	counters
}

// New returns a Cache of about so many bytes.
func New[V any](bytes int64) (*Cache[V], error) {
	c := &Cache[V]{seed: maphash.MakeSeed(), front: newFront[V](bytes / typical), counters: counters{hits: xsync.NewCounter()}}
	var err error
	c.kept, err = ristretto.NewCache(&ristretto.Config[uint64, *Entry[V]]{
		NumCounters:        max(10*bytes/typical, 1000),
		MaxCost:            bytes,
		BufferItems:        64,
		IgnoreInternalCost: true, // it is in overhead
		KeyToHash:          func(hash uint64) (uint64, uint64) { return hash, 0 },
		OnEvict:            func(*ristretto.Item[*Entry[V]]) { c.evicted.Add(1) },
		OnReject:           func(*ristretto.Item[*Entry[V]]) { c.rejected.Add(1) },
		OnExit:             c.leave,
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// hash is Entry.hash of a token that has none yet.
func (c *Cache[V]) hash(token []byte) uint64 {
	return maphash.Bytes(c.seed, token[max(0, len(token)-tail):])
}

// Get returns the value kept for token, or nil.
func (c *Cache[V]) Get(token []byte) *V {
	hash := c.hash(token)
	p := c.place(hash)
	if e := p.entry.Load(); e != nil && e.token == string(token) {
		c.hits.Inc()
		if rand.Uint32()%sample == 0 {
			c.kept.Get(hash)
		}
		return &e.Value
	}
	if e := c.find(hash); e != nil && e.token == string(token) {
		c.hits.Inc()
		p.put(e)
		return &e.Value
	}
	c.missed.Add(1)
	return nil
}

// find asks ristretto. It asks for the TTL first, because a Get of what is not
// there counts as a use of it: strangers' tokens would wear out the counts of
// good ones.
func (c *Cache[V]) find(hash uint64) *Entry[V] {
	if _, ok := c.kept.GetTTL(hash); !ok {
		return nil
	}
	e, _ := c.kept.Get(hash)
	return e
}

// Put keeps e, whose value takes so many bytes beside the token, for at most ttl,
// if that is worth more than what would have to go for it.
func (c *Cache[V]) Put(e *Entry[V], bytes int, ttl time.Duration) {
	if ttl <= 0 {
		return
	}
	hash := e.hash(c.seed)
	c.kept.Get(hash) // counts as the use it is
	if !c.kept.SetWithTTL(hash, e, int64(len(e.token)+bytes+overhead), ttl) {
		c.dropped.Add(1)
		return
	}
	if p := c.place(hash); p.entry.Load() == nil {
		p.put(e)
	}
}

// Delete forgets token.
func (c *Cache[V]) Delete(token []byte) {
	hash := c.hash(token)
	if e := c.place(hash).entry.Load(); e != nil && e.token == string(token) {
		c.leave(e)
	}
	if e := c.find(hash); e != nil && e.token == string(token) {
		c.kept.Del(hash)
	}
}

// leave is told by ristretto of every entry it lets go of.
func (c *Cache[V]) leave(e *Entry[V]) {
	if e == nil {
		return
	}
	e.gone.Store(true)
	c.place(e.hash(c.seed)).entry.CompareAndSwap(e, nil)
}

// Wait returns once what was Put before is either kept or not.
func (c *Cache[V]) Wait() { c.kept.Wait() }

// Close ends the cache's goroutines. It must not be used afterwards.
func (c *Cache[V]) Close() { c.kept.Close() }
