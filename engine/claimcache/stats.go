package claimcache

import (
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"
)

type counters struct {
	hits *xsync.Counter // a processor counts where no other does: a shared word would go back and forth with every hit

	missed, rejected, evicted, dropped atomic.Uint64
}

// Stats are counts since the cache was made.
type Stats struct {
	Hits    uint64
	Misses  uint64
	Rejects uint64 // entries that were not worth what would have had to go
	Evicts  uint64 // entries that went for others or for age
	Drops   uint64 // entries that came faster than they could be taken
}

// Stats returns the counts of now.
func (c *Cache[V]) Stats() Stats {
	return Stats{
		Hits:    uint64(c.hits.Value()),
		Misses:  c.missed.Load(),
		Rejects: c.rejected.Load(),
		Evicts:  c.evicted.Load(),
		Drops:   c.dropped.Load(),
	}
}
