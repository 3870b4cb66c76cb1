package memory

import (
	"container/heap"

	"github.com/tollgate/tollgate/introspect/store"
)

// expiry is what is to be swept, by the second of its expiry. Seconds are in
// order and what is due in one is not, so that a token costs a step, and only
// the first of its second those of the heap.
type expiry struct {
	seconds seconds
	due     map[int64]*due // of each second, the last that was added
}

// due is an access token, or a refresh token, that is due.
type due struct {
	digest  store.Digest
	refresh bool
	before  *due // in the same second
}

func (e *expiry) add(at int64, d store.Digest, refresh bool) {
	before := e.due[at]
	if before == nil {
		heap.Push(&e.seconds, at)
	}
	e.due[at] = &due{d, refresh, before}
}

// next takes out something that is due by now, or nothing.
func (e *expiry) next(now int64) *due {
	if len(e.seconds) == 0 || e.seconds[0] > now {
		return nil
	}
	at := e.seconds[0]
	x := e.due[at]
	if e.due[at] = x.before; x.before == nil {
		delete(e.due, at)
		heap.Pop(&e.seconds)
	}
	return x
}

// seconds is a heap, the first on top.
type seconds []int64

func (s seconds) Len() int           { return len(s) }
func (s seconds) Less(i, j int) bool { return s[i] < s[j] }
func (s seconds) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *seconds) Push(x any)        { *s = append(*s, x.(int64)) }
func (s *seconds) Pop() any {
	n := len(*s) - 1
	x := (*s)[n]
	*s = (*s)[:n]
	return x
}
