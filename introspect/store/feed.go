package store

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Feed is the live part of the revocation feed in memory: in order for those
// who follow it, and by name for those who ask whether a token is revoked.
// It is safe for concurrent use.
type Feed struct {
	shared bool

	hold    time.Duration // see Hold
	elapsed func() time.Duration

	mu      sync.RWMutex
	epoch   string
	stalled error    // why followers cannot be answered at present
	entries []*entry // in order of seq, dead ones included until there are too many
	dead    int
	last    uint64
	expiry  expiries
	named   map[name]bound
	changed chan struct{} // closed when entries are added
}

type entry struct {
	seq     uint64
	expires int64
	added   int64         // when it came here, in Unix nanoseconds
	came    time.Duration // the same, by the clock of Hold
	name    name
	json    []byte // nil once the entry is dead
}

type name struct {
	kind Kind
	id   string
}

type bound struct {
	before  int64
	expires int64
}

// NewFeed returns an empty feed. The epoch tells apart the feeds of two stores
// that give out the same numbers, and must hold no "-". A shared feed is one that
// other instances show as well: a cursor may then be ahead of it.
func NewFeed(epoch string, shared bool) *Feed {
	begin := time.Now()
	return &Feed{
		epoch: epoch, shared: shared, named: map[name]bound{}, changed: make(chan struct{}),
		elapsed: func() time.Duration { return time.Since(begin) },
	}
}

// Hold has Drop keep each entry for at least d after it came here, by a clock that
// cannot be set and began when the feed was made (nil: the monotonic one). A store
// that is opened while the machine's clock is ahead then forgets no revocation of a
// token that is good again once the clock is right, where no token lives for longer
// than d. It is called before the feed is used by others.
func (f *Feed) Hold(d time.Duration, elapsed func() time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = d
	if elapsed != nil {
		f.elapsed = elapsed
	}
}

// cursor is the cursor of the event numbered seq.
func (f *Feed) cursor(seq uint64) string {
	return f.epoch + "-" + strconv.FormatUint(seq, 10)
}

// Epoch is the epoch of the feed.
func (f *Feed) Epoch() string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.epoch
}

// Last is the number of the newest event.
func (f *Feed) Last() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.last
}

// Append adds events, numbered from first on in order, and wakes the
// followers. Numbers must grow.
func (f *Feed) Append(first uint64, events ...Event) {
	now := time.Now().UnixNano()
	f.mu.Lock()
	defer f.mu.Unlock()
	came := f.elapsed()
	for i, ev := range events {
		seq := first + uint64(i)
		if seq <= f.last {
			panic("BUG: feed numbers do not grow")
		}
		ev.Cursor = f.cursor(seq)
		text, err := json.Marshal(ev)
		if err != nil {
			panic("BUG: event cannot be written: " + err.Error())
		}
		e := &entry{seq: seq, expires: ev.Expires, added: now, came: came, name: name{ev.Kind, ev.ID}, json: text}
		f.entries = append(f.entries, e)
		f.last = seq
		heap.Push(&f.expiry, e)
		b := f.named[e.name]
		f.named[e.name] = bound{max(b.before, ev.Before), max(b.expires, ev.Expires)}
	}
	f.wake()
}

// wake lets everybody look again who waits for a change.
func (f *Feed) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Stall makes After answer with err, until Resume: the store cannot tell
// whether there is more in the feed.
func (f *Feed) Stall(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stalled = err
	f.wake()
}

// Resume ends Stall. Under another epoch than before, all that the feed held
// is forgotten: it is another store's.
func (f *Feed) Resume(epoch string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stalled = nil
	if epoch != f.epoch {
		f.epoch, f.entries, f.dead, f.last, f.expiry = epoch, nil, 0, 0, nil
		clear(f.named)
		f.wake()
	}
}

// Advance makes last the number of the newest event, should the events up to
// it have been dropped already.
func (f *Feed) Advance(last uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = max(f.last, last)
}

// After appends to b the batch of events that follow cursor, as the feed's
// JSON. Without a cursor of this feed that is all of them, marked as a reset.
// It reports whether the batch says anything new; the channel is closed when
// more has been added.
func (f *Feed) After(b []byte, cursor string) (batch []byte, news bool, changed <-chan struct{}, err error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.stalled != nil {
		return nil, false, f.changed, f.stalled
	}
	seq, known := f.parse(cursor)
	rest := f.entries
	if known {
		rest = f.from(seq + 1)
	}
	b = append(b, `{"events":[`...)
	comma := false
	for _, e := range rest {
		if e.json == nil {
			continue
		}
		if comma {
			b = append(b, ',')
		}
		b, comma = append(b, e.json...), true
	}
	b = append(b, `],"next":"`...)
	b = append(b, f.epoch...)
	b = append(b, '-')
	b = strconv.AppendUint(b, max(seq, f.last), 10)
	b = append(b, '"')
	if !known {
		b = append(b, `,"reset":true`...)
	}
	return append(b, '}'), comma || !known, f.changed, nil
}

// from is the entries numbered seq and above.
func (f *Feed) from(seq uint64) []*entry {
	i, _ := slices.BinarySearchFunc(f.entries, seq, func(e *entry, seq uint64) int { return cmp.Compare(e.seq, seq) })
	return f.entries[i:]
}

// Lag is how far who follows from cursor is behind: how many live events are
// newer, and when the first of them came. It is nothing for who begins anew.
func (f *Feed) Lag(cursor string) (events int, since time.Time) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	seq, known := f.parse(cursor)
	if !known {
		return 0, time.Time{}
	}
	for _, e := range f.from(seq + 1) {
		if e.json == nil {
			continue
		}
		if events == 0 {
			since = time.Unix(0, e.added)
		}
		events++
	}
	return events, since
}

func (f *Feed) parse(cursor string) (seq uint64, known bool) {
	epoch, number, _ := strings.Cut(cursor, "-")
	if epoch != f.epoch {
		return 0, false
	}
	seq, err := strconv.ParseUint(number, 10, 64)
	if err != nil || seq > f.last && !f.shared {
		return 0, false
	}
	return seq, true
}

// Revoked reports whether the feed holds a revocation of t, or of the key that
// signed it where it is a JWT.
func (f *Feed) Revoked(t *Token, keyID string) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if len(f.named) == 0 {
		return false
	}
	return f.has(KindToken, t.ID) ||
		t.Session != "" && f.has(KindSession, t.Session) ||
		f.bars(KindSubject, t.Subject, t.Issued) ||
		f.bars(KindClient, t.ClientID, t.Issued) ||
		keyID != "" && f.has(KindKey, keyID)
}

// Ended reports whether the feed holds a revocation of s.
func (f *Feed) Ended(s *Session) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.has(KindSession, s.ID) ||
		f.bars(KindSubject, s.Subject, s.Started) ||
		f.bars(KindClient, s.ClientID, s.Started)
}

// Barred reports whether whatever the subject or the client is issued at now
// would be revoked already.
func (f *Feed) Barred(subject, clientID string, now int64) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.bars(KindSubject, subject, now) || f.bars(KindClient, clientID, now)
}

// Keys yields the keys that have been revoked.
func (f *Feed) Keys() []string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var ids []string
	for n := range f.named {
		if n.kind == KindKey {
			ids = append(ids, n.id)
		}
	}
	return ids
}

func (f *Feed) has(kind Kind, id string) bool {
	_, ok := f.named[name{kind, id}]
	return ok
}

func (f *Feed) bars(kind Kind, id string, issued int64) bool {
	b, ok := f.named[name{kind, id}]
	return ok && issued <= b.before
}

// Drop forgets at most limit entries that have expired, and that Hold does not
// keep, and returns their numbers. Followers miss nothing by it: what the entries
// revoked has expired.
func (f *Feed) Drop(now int64, limit int) []uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var gone []uint64
	held := f.elapsed() - f.hold
	for len(f.expiry) > 0 && f.expiry[0].expires <= now && f.expiry[0].came <= held && len(gone) < limit {
		e := heap.Pop(&f.expiry).(*entry)
		e.json = nil
		f.dead++
		gone = append(gone, e.seq)
		if f.named[e.name].expires <= now {
			delete(f.named, e.name)
		}
	}
	if f.dead > len(f.entries)/2 {
		f.entries = slices.DeleteFunc(f.entries, func(e *entry) bool { return e.json == nil })
		f.dead = 0
	}
	return gone
}

// Len is how many live events the feed holds.
func (f *Feed) Len() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.entries) - f.dead
}

// expiries is a heap of entries, the first to expire on top.
type expiries []*entry

func (x expiries) Len() int           { return len(x) }
func (x expiries) Less(i, j int) bool { return x[i].expires < x[j].expires }
func (x expiries) Swap(i, j int)      { x[i], x[j] = x[j], x[i] }
func (x *expiries) Push(e any)        { *x = append(*x, e.(*entry)) }
func (x *expiries) Pop() any {
	old := *x
	n := len(old) - 1
	e := old[n]
	old[n] = nil
	*x = old[:n]
	return e
}
