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
	_      [32]byte // keeps the locks of two shards off one cache line
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

// Put adds a token. In a full shard it takes the place of whichever the map
// yields first, which is near enough to random.
func (h *Hot) Put(d Digest, t *Token) {
	s := &h.shards[d[0]%64]
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= h.limit {
		for old := range s.tokens {
			delete(s.tokens, old)
			break
		}
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
