package revocation

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// kinds are the kinds in the order a set keeps them.
var kinds = [...]Kind{Token, Session, Subject, Client, Key}

// A Set is what has been revoked. Reading never waits for writing unless the id
// asked for is, or in rare cases looks like, one that is there.
type Set struct {
	seed       maphash.Seed
	generation atomic.Uint64
	filter     atomic.Pointer[filter]
	counts     [len(kinds)]atomic.Int64 // what there is none of needs no look

	writing sync.Mutex   // held by one writer at a time
	mu      sync.RWMutex // and this while the maps change
	entries [len(kinds)]map[string]entry

	added   int // to the filter since it was made
	expiry  expiry
	changed chan struct{}
}

// entry is one revoked id.
type entry struct {
	before  int64 // tokens issued later are not meant
	expires int64
}

// always is the before of what means every token.
const always = 1<<63 - 1

// NewSet returns an empty Set.
func NewSet() *Set {
	s := &Set{seed: maphash.MakeSeed(), changed: make(chan struct{})}
	s.clear(0)
	s.expiry = newExpiry(time.Now().Unix())
	return s
}

// clear empties the set, leaving room for n ids in its filter. The caller holds
// both locks, or is alone.
func (s *Set) clear(n int) {
	for k := range s.entries {
		s.entries[k] = make(map[string]entry)
		s.counts[k].Store(0)
	}
	s.added = 0
	s.filter.Store(newFilter(n))
}

// hash tells kinds apart by turning the bits, so that one hash of an id that is
// asked for under several kinds would do.
func (s *Set) hash(kind int, id string) uint64 {
	return maphash.String(s.seed, id) + uint64(kind)*0x9e3779b97f4a7c15
}

// Revoked reports whether a token with these ids, issued at issuedAt (Unix
// seconds), was revoked. Ids that a token does not have are empty.
func (s *Set) Revoked(tokenID, sessionID, subject, clientID, keyID string, issuedAt int64) bool {
	f := s.filter.Load()
	return s.is(f, 0, tokenID, issuedAt) ||
		s.is(f, 1, sessionID, issuedAt) ||
		s.is(f, 2, subject, issuedAt) ||
		s.is(f, 3, clientID, issuedAt) ||
		s.is(f, 4, keyID, issuedAt)
}

func (s *Set) is(f *filter, kind int, id string, issuedAt int64) bool {
	if id == "" || s.counts[kind].Load() == 0 || !f.has(s.hash(kind, id)) {
		return false
	}
	s.mu.RLock()
	e, ok := s.entries[kind][id]
	s.mu.RUnlock()
	return ok && issuedAt <= e.before
}

// Generation changes with everything that is revoked. Whoever keeps the answer of
// Revoked reads it first, and asks again once it has changed.
func (s *Set) Generation() uint64 { return s.generation.Load() }

// Changed is closed when something more has been revoked. Whoever holds on to a
// token, as an open WebSocket does, takes the channel, asks Revoked, and then
// waits.
func (s *Set) Changed() <-chan struct{} {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.changed
}

// Len is the number of revoked ids.
func (s *Set) Len() int {
	n := int64(0)
	for k := range s.counts {
		n += s.counts[k].Load()
	}
	return int(n)
}

// Apply makes a batch hold, and lets go of what has expired meanwhile. It returns
// the number of events that mean nothing here: of unknown kind, or without an id.
func (s *Set) Apply(b Batch) (ignored int) {
	s.writing.Lock()
	defer s.writing.Unlock()
	now := time.Now().Unix()

	s.mu.Lock()
	if b.Reset {
		s.clear(len(b.Events))
		s.expiry = newExpiry(now)
	}
	s.sweep(now)
	for _, e := range b.Events {
		if !s.add(e, now) {
			ignored++
		}
	}
	changed := b.Reset || len(b.Events) > 0
	if changed {
		close(s.changed)
		s.changed = make(chan struct{})
	}
	s.mu.Unlock()

	// Only writers change the maps, and there is no other: readers go on meanwhile.
	if s.added > s.filter.Load().room() {
		s.rebuild()
	}
	if changed {
		s.generation.Add(1)
	}
	return ignored
}

// add makes one event hold, and reports whether it means anything. The caller
// holds both locks.
func (s *Set) add(e Event, now int64) bool {
	kind := -1
	for k := range kinds {
		if kinds[k] == e.Kind {
			kind = k
		}
	}
	if kind < 0 || e.ID == "" {
		return false
	}
	before := int64(always)
	if e.Kind == Subject || e.Kind == Client {
		before = e.Before
	}
	if e.Expires+grace <= now {
		return true // whatever it concerns is refused as expired
	}
	old, ok := s.entries[kind][e.ID]
	if ok && old.before >= before && old.expires >= e.Expires {
		return true
	}
	if !ok {
		s.counts[kind].Add(1)
		s.added++
	}
	next := entry{max(old.before, before), max(old.expires, e.Expires)}
	if !ok {
		next = entry{before, e.Expires}
	}
	s.entries[kind][e.ID] = next
	s.expiry.add(next.expires, kind, e.ID)
	s.filter.Load().add(s.hash(kind, e.ID))
	return true
}

// rebuild makes a filter of what there is, with as much room again.
func (s *Set) rebuild() {
	f := newFilter(2 * s.Len())
	for kind, ids := range s.entries {
		for id := range ids {
			f.add(s.hash(kind, id))
		}
	}
	s.added = s.Len()
	s.filter.Store(f)
}
