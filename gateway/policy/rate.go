package policy

import (
	"hash/maphash"
	"sync"
	"time"
)

// A Limiter allows each key a rate, by the generic cell rate algorithm: all it
// keeps of a key is the time at which its bucket is empty again. It is safe for
// concurrent use, and a nil Limiter allows everything.
type Limiter[K comparable] struct {
	every int64 // nanoseconds a request
	burst int64 // nanoseconds that may be ahead
	*buckets[K]
}

// buckets are the state of a Limiter, which a change of the rate leaves alone.
type buckets[K comparable] struct {
	seed   maphash.Seed
	shards [16]shard[K]
}

type shard[K comparable] struct {
	mu    sync.Mutex
	empty map[K]int64 // when the bucket is empty, in Unix nanoseconds
}

// maxKeys bounds the keys of a shard. sampled is how many of them are looked at
// to make room for another.
const (
	maxKeys = 1 << 14
	sampled = 8
)

// NewLimiter allows rate requests a second, and after a rest as many at once, at
// least one. It returns nil where rate is 0. Keys that have used up their rate
// with last, which may be nil, have used it up here too, so that a reload gives
// nobody a second burst.
func NewLimiter[K comparable](rate float64, last *Limiter[K]) *Limiter[K] {
	if rate <= 0 {
		return nil
	}
	l := &Limiter[K]{every: int64(float64(time.Second) / rate)}
	l.burst = max(int64(time.Second), l.every)
	if last != nil {
		l.buckets = last.buckets
		return l
	}
	l.buckets = &buckets[K]{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].empty = map[K]int64{}
	}
	return l
}

// Take takes one request of key's at now. Where the key has none left it takes
// nothing, and returns how long it is until there is one.
func (l *Limiter[K]) Take(key K, now time.Time) (wait time.Duration, ok bool) {
	if l == nil {
		return 0, true
	}
	t := now.UnixNano()
	s := &l.shards[maphash.Comparable(l.seed, key)%uint64(len(l.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	last, known := s.empty[key]
	at := max(last, t) + l.every
	if ahead := at - t - l.burst; ahead > 0 {
		return time.Duration(ahead), false
	}
	if !known && len(s.empty) >= maxKeys {
		s.makeRoom(t)
	}
	s.empty[key] = at
	return 0, true
}

// makeRoom removes keys of a full shard, in bounded time: of a few taken at
// random those that have their whole burst again, or else the one that has used
// least. A flood of new keys therefore pushes out its own kind first, and not a
// key that is being held back.
func (s *shard[K]) makeRoom(now int64) {
	var least K
	seen, removed := 0, false
	lowest := int64(0)
	for k, at := range s.empty {
		switch {
		case at <= now:
			delete(s.empty, k)
			removed = true
		case seen == 0 || at < lowest:
			least, lowest = k, at
		}
		if seen++; seen == sampled {
			break
		}
	}
	if !removed {
		delete(s.empty, least)
	}
}
