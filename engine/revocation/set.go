package revocation

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// kinds are the kinds in the order a set keeps them.
var kinds = [...]Kind{Token, Session, Subject, Client, Key}

// A Set is what has been revoked. An entry is forgotten only when its time is over
// by a Clock, so that no jump of the machine's clock makes a revoked token good. Reading never waits for writing unless the id
// asked for is, or in rare cases looks like, one that is there.
type Set struct {
	clock      Clock // by which entries are forgotten
	seed       maphash.Seed
	generation atomic.Uint64
	table      atomic.Pointer[table] // one for each whole feed that was read
	changed    atomic.Pointer[chan struct{}]
	writing    sync.Mutex // one writer at a time
}

// table holds the entries. It is filled before it is the set's.
type table struct {
	filter atomic.Pointer[filter]
	counts [len(kinds)]atomic.Int64 // what there is none of needs no look

	mu      sync.RWMutex // for the maps; writers alone change them
	entries [len(kinds)]map[string]entry

	added  int // to the filter since it was made
	expiry expiry
}

// entry is one revoked id.
type entry struct {
	before  int64 // tokens issued later are not meant
	expires int64
}

const (
	always = 1<<63 - 1 // the before of what means every token
	never  = 1 << 53   // the expires of what stays; no token has a later exp
)

// NewSet returns an empty Set.
func NewSet() *Set { return newSet(nil, nil) }

// newSet returns an empty Set with the clocks of a test.
func newSet(wall func() time.Time, elapsed func() time.Duration) *Set {
	s := &Set{clock: Clock{Wall: wall, Elapsed: elapsed}, seed: maphash.MakeSeed()}
	s.table.Store(newTable(0, s.clock.Now()))
	changed := make(chan struct{})
	s.changed.Store(&changed)
	return s
}

// newTable returns an empty table with a filter for n ids.
func newTable(n int, now int64) *table {
	t := &table{expiry: newExpiry(now)}
	for k := range t.entries {
		t.entries[k] = make(map[string]entry)
	}
	t.filter.Store(newFilter(n))
	return t
}

// hash tells kinds apart by turning the bits, so that one hash of an id that is
// asked for under several kinds would do.
func (s *Set) hash(kind int, id string) uint64 {
	return maphash.String(s.seed, id) + uint64(kind)*0x9e3779b97f4a7c15
}

// Revoked reports whether a token with these ids, issued at issuedAt (Unix
// seconds), was revoked. Ids that a token does not have are empty.
func (s *Set) Revoked(tokenID, sessionID, subject, clientID, keyID string, issuedAt int64) bool {
	t := s.table.Load()
	f := t.filter.Load()
	return s.is(t, f, 0, tokenID, issuedAt) ||
		s.is(t, f, 1, sessionID, issuedAt) ||
		s.is(t, f, 2, subject, issuedAt) ||
		s.is(t, f, 3, clientID, issuedAt) ||
		s.is(t, f, 4, keyID, issuedAt)
}

func (s *Set) is(t *table, f *filter, kind int, id string, issuedAt int64) bool {
	if id == "" || t.counts[kind].Load() == 0 || !f.has(s.hash(kind, id)) {
		return false
	}
	t.mu.RLock()
	e, ok := t.entries[kind][id]
	t.mu.RUnlock()
	return ok && issuedAt <= e.before
}

// Generation changes with everything that is revoked. Whoever keeps the answer of
// Revoked reads it first, and asks again once it has changed.
func (s *Set) Generation() uint64 { return s.generation.Load() }

// Changed is closed when something more has been revoked. Whoever holds on to a
// token, as an open WebSocket does, takes the channel, asks Revoked, and then
// waits.
func (s *Set) Changed() <-chan struct{} { return *s.changed.Load() }

// Len is the number of revoked ids.
func (s *Set) Len() int { return s.table.Load().len() }

func (t *table) len() int {
	n := int64(0)
	for k := range t.counts {
		n += t.counts[k].Load()
	}
	return int(n)
}

// Apply makes a batch hold, and lets go of what has expired meanwhile. It returns
// the number of events that mean nothing here: of unknown kind, or without an id.
func (s *Set) Apply(b Batch) (ignored int) {
	s.writing.Lock()
	defer s.writing.Unlock()
	now := s.clock.Now()
	t := s.table.Load()
	if b.Reset {
		t = newTable(len(b.Events), now)
	}
	t.mu.Lock()
	t.sweep(now)
	for _, e := range b.Events {
		if !s.add(t, e, now) {
			ignored++
		}
	}
	t.mu.Unlock()
	// There is no other writer, so the maps can be read while others read them.
	if t.added > t.filter.Load().room() {
		s.rebuild(t)
	}
	if b.Reset || len(b.Events) > 0 {
		s.table.Store(t)
		s.generation.Add(1)
		next := make(chan struct{})
		close(*s.changed.Swap(&next))
	}
	return ignored
}

// add makes one event hold in t, and reports whether it means anything. The
// caller holds both locks.
func (s *Set) add(t *table, e Event, now int64) bool {
	kind := slices.Index(kinds[:], e.Kind)
	if kind < 0 || e.ID == "" {
		return false
	}
	next := entry{always, e.Expires}
	if e.Expires <= 0 || e.Expires > never {
		next.expires = never
	}
	if next.expires+grace <= now {
		return true // whatever it concerns is refused as expired
	}
	if e.Kind == Subject || e.Kind == Client {
		next.before = e.Before
	}
	old, ok := t.entries[kind][e.ID]
	if ok {
		next = entry{max(next.before, old.before), max(next.expires, old.expires)}
		if next == old {
			return true
		}
	} else {
		t.counts[kind].Add(1)
		t.added++
	}
	t.entries[kind][e.ID] = next
	t.expiry.add(next.expires, kind, e.ID)
	t.filter.Load().add(s.hash(kind, e.ID))
	return true
}

// rebuild gives t a filter of what there is, with as much room again.
func (s *Set) rebuild(t *table) {
	f := newFilter(2 * t.len())
	for kind, ids := range t.entries {
		for id := range ids {
			f.add(s.hash(kind, id))
		}
	}
	t.added = t.len()
	t.filter.Store(f)
}
