package store

import "sync"

// Hot keeps recently issued and recently asked tokens in memory, up to a fixed
// number. It is a cache and no more: whether a token is revoked or expired is
// for the one who asks to check. It is safe for concurrent use.
type Hot struct {
	shards [64]shard
	limit  int // a shard
}

type shard struct {
	mu     sync.RWMutex
	tokens map[Digest]*Token
	order  []Digest // in which they were put, as a ring once it is full; some are deleted
	oldest int      // in the ring
}

// NewHot returns a cache of about limit tokens.
func NewHot(limit int) *Hot {
	h := &Hot{limit: max(1, limit/64)}
	for i := range h.shards {
		h.shards[i].tokens = map[Digest]*Token{}
	}
	return h
}

// Get returns the token of d, or nil.
func (h *Hot) Get(d Digest) *Token {
	s := &h.shards[d[0]%64]
	s.mu.RLock()
	t := s.tokens[d]
	s.mu.RUnlock()
	return t
}

// Put adds a token. In a full shard it takes the place of the oldest.
func (h *Hot) Put(d Digest, t *Token) {
	s := &h.shards[d[0]%64]
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) < h.limit {
		s.order = append(s.order, d)
	} else {
		delete(s.tokens, s.order[s.oldest])
		s.order[s.oldest] = d
		s.oldest = (s.oldest + 1) % h.limit
	}
	s.tokens[d] = t
}

// Delete removes the token of d.
func (h *Hot) Delete(d Digest) {
	s := &h.shards[d[0]%64]
	s.mu.Lock()
	delete(s.tokens, d)
	s.mu.Unlock()
}
