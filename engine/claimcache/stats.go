package claimcache

import "sync/atomic"

type counters struct {
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
	s := Stats{
		Misses:  c.missed.Load(),
		Rejects: c.rejected.Load(),
		Evicts:  c.evicted.Load(),
		Drops:   c.dropped.Load(),
	}
	for i := range c.front {
		s.Hits += c.front[i].hits.Load()
	}
	return s
}
