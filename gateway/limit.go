package gateway

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// A limiter allows each key a rate, by the generic cell rate algorithm: the
// time at which a key's bucket is empty again is all it keeps. A nil limiter
// allows everything.
type limiter[K comparable] struct {
	every int64 // nanoseconds a request
	burst int64 // nanoseconds that may be ahead
	*buckets[K]
}

// buckets are the state of a limiter, which a change of the rate does not touch.
type buckets[K comparable] struct {
	seed   maphash.Seed
	shards [16]limiterShard[K]
}

type limiterShard[K comparable] struct {
	mu    sync.Mutex
	empty map[K]int64
}

// maxLimited bounds the keys of a shard; beyond it those with an empty bucket go.
const maxLimited = 1 << 14

// newLimiter allows rate requests a second, and as many at once after a rest,
// at least one. Keys that have used up their rate with last, which may be nil,
// have none to spare here either: a reload is no amnesty.
func newLimiter[K comparable](rate float64, last *limiter[K]) *limiter[K] {
	if rate <= 0 {
		return nil
	}
	l := &limiter[K]{every: int64(float64(time.Second) / rate)}
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

// allow takes one request of key's, if it may have one.
func (l *limiter[K]) allow(key K, now time.Time) bool {
	if l == nil {
		return true
	}
	t := now.UnixNano()
	s := &l.shards[maphash.Comparable(l.seed, key)%uint64(len(l.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	at := max(s.empty[key], t)
	if at+l.every-t > l.burst {
		return false
	}
	if len(s.empty) >= maxLimited {
		s.sweep(t)
	}
	s.empty[key] = at + l.every
	return true
}

// sweep forgets keys that have their whole burst again, and all of them if
// that makes no room: a flood of keys must not fill the memory.
func (s *limiterShard[K]) sweep(now int64) {
	for k, at := range s.empty {
		if at <= now {
			delete(s.empty, k)
		}
	}
	if len(s.empty) >= maxLimited {
		clear(s.empty)
	}
}

// A gate lets a number in at once.
type gate struct{ inside atomic.Int64 }

// enter lets the caller in, unless there are most inside already.
func (g *gate) enter(most int) bool {
	if g.inside.Add(1) > int64(most) {
		g.leave()
		return false
	}
	return true
}

func (g *gate) leave() { g.inside.Add(-1) }
