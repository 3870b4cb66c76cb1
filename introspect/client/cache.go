package client

import (
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"
)

// entry is an active answer and the token it is the answer for: a hash alone
// is not trusted.
type entry struct {
	token   string
	answer  *Answer
	expires int64 // Unix nanoseconds
}

// activeCache keeps answers for active tokens within a number of bytes. In
// front of ristretto, which takes entries in when it finds the time and may
// leave them out, stands a table of the tokens used last: what was put is there
// at once, and a busy token costs one hash and one comparison.
type activeCache struct {
	seed  maphash.Seed
	front [frontSize]atomic.Pointer[entry]
	c     *ristretto.Cache[string, *entry]
}

const frontSize = 1 << 12

// entryOverhead is what an entry takes beside the bytes of token and payload:
// Claims, slices, and the cache's own bookkeeping.
const entryOverhead = 768

func newActiveCache(bytes int64) (*activeCache, error) {
	c, err := ristretto.NewCache(&ristretto.Config[string, *entry]{
		NumCounters:        max(bytes/entryOverhead*10, 1000), // ten a kept entry, as its manual asks
		MaxCost:            bytes,
		BufferItems:        64,
		IgnoreInternalCost: true,
	})
	if err != nil {
		return nil, fmt.Errorf("introspection cache: %w", err)
	}
	return &activeCache{seed: maphash.MakeSeed(), c: c}, nil
}

// place is where token stands in front.
func (a *activeCache) place(token []byte) *atomic.Pointer[entry] {
	return &a.front[maphash.Bytes(a.seed, token)%frontSize]
}

func (a *activeCache) get(token []byte, now int64) *Answer {
	place := a.place(token)
	if e := place.Load(); e.answers(token, now) {
		return e.answer
	}
	e, ok := a.c.Get(string(token))
	if !ok || !e.answers(token, now) {
		return nil
	}
	place.Store(e)
	return e.answer
}

// answers reports whether e is an answer for token at now.
func (e *entry) answers(token []byte, now int64) bool {
	return e != nil && e.token == string(token) && now < e.expires
}

func (a *activeCache) put(token string, answer *Answer, now time.Time, ttl time.Duration) {
	ttl = min(ttl, answer.Claims.ExpiresAt().Std().Sub(now))
	if ttl <= 0 {
		return
	}
	e := &entry{token, answer, now.Add(ttl).UnixNano()}
	a.place([]byte(token)).Store(e)
	cost := int64(entryOverhead + 2*len(token) + len(answer.Phantom) + len(answer.Claims.Payload()))
	a.c.SetWithTTL(token, e, cost, ttl)
}

func (a *activeCache) close() { a.c.Close() }

// inactiveCache remembers a bounded number of inactive tokens, the oldest
// giving way to the newest. It keeps digests: what bad tokens look like is the
// choice of strangers.
type inactiveCache struct {
	mu    sync.Mutex
	until map[[sha256.Size]byte]int64 // Unix nanoseconds
	ring  [][sha256.Size]byte
	next  int
}

func newInactiveCache(entries int) *inactiveCache {
	return &inactiveCache{
		until: make(map[[sha256.Size]byte]int64, entries),
		ring:  make([][sha256.Size]byte, entries),
	}
}

func (i *inactiveCache) has(token []byte, now int64) bool {
	key := sha256.Sum256(token)
	i.mu.Lock()
	defer i.mu.Unlock()
	return now < i.until[key]
}

func (i *inactiveCache) put(token string, now time.Time, ttl time.Duration) {
	key := sha256.Sum256([]byte(token))
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, ok := i.until[key]; !ok {
		delete(i.until, i.ring[i.next])
		i.ring[i.next] = key
		i.next = (i.next + 1) % len(i.ring)
	}
	i.until[key] = now.Add(ttl).UnixNano()
}
