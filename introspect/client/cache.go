package client

import (
	"crypto/sha256"
	"fmt"
	"sync"
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

// activeCache keeps answers for active tokens within a number of bytes.
type activeCache struct {
	c *ristretto.Cache[string, *entry]
}

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
	return &activeCache{c}, nil
}

func (a *activeCache) get(token string, now time.Time) *Answer {
	e, ok := a.c.Get(token)
	if !ok || e.token != token || now.UnixNano() >= e.expires {
		return nil
	}
	return e.answer
}

func (a *activeCache) put(token string, answer *Answer, now time.Time, ttl time.Duration) {
	ttl = min(ttl, answer.Claims.ExpiresAt().Std().Sub(now))
	if ttl <= 0 {
		return
	}
	cost := int64(entryOverhead + 2*len(token) + len(answer.Phantom) + len(answer.Claims.Payload()))
	a.c.SetWithTTL(token, &entry{token, answer, now.Add(ttl).UnixNano()}, cost, ttl)
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

func (i *inactiveCache) has(token string, now time.Time) bool {
	key := sha256.Sum256([]byte(token))
	i.mu.Lock()
	defer i.mu.Unlock()
	return now.UnixNano() < i.until[key]
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
