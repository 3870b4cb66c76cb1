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
// A store may keep it in several shards, each with numbers of its own; a cursor
// then holds one number a shard, and events of different shards may come in
// another order elsewhere. It is safe for concurrent use.
type Feed struct {
	shared bool

	hold    time.Duration // see Hold
	elapsed func() time.Duration

	mu      sync.RWMutex
	epoch   string
	stalled error    // why followers cannot be answered at present
	entries []*entry // as they came, dead ones included until there are too many
	dead    int
	last    []uint64 // of each shard, the number of the newest event
	expiry  expiries
	named   map[name]bound
	changed chan struct{} // closed when entries are added
}

// A Position is the place of an event in the feed. Numbers grow within a shard.
type Position struct {
	Shard int
	Seq   uint64
}

// An Entry is an event at its place.
type Entry struct {
	Position
	Event Event
}

type entry struct {
	Position
	expires int64
	added   int64         // when it came here, in Unix nanoseconds
	came    time.Duration // the same, by the clock of Hold
	name    name
	json    []byte // nil once the entry is dead
}

// NewFeed returns an empty feed of one shard. The epoch tells apart the feeds of two
// stores that give out the same numbers, and must hold no "-".
func NewFeed(epoch string) *Feed { return newFeed(epoch, 1, false) }

// NewSharedFeed returns an empty feed that other instances show as well: a cursor
// may be ahead of it.
func NewSharedFeed(shards int) *Feed { return newFeed("", shards, true) }

func newFeed(epoch string, shards int, shared bool) *Feed {
	begin := time.Now()
	return &Feed{
		epoch: epoch, shared: shared, last: make([]uint64, shards), named: map[name]bound{}, changed: make(chan struct{}),
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

// appendCursor appends the cursor behind the events numbered at, one a shard.
func (f *Feed) appendCursor(b []byte, at []uint64) []byte {
	b = append(b, f.epoch...)
	for i, seq := range at {
		separator := byte('.')
		if i == 0 {
			separator = '-'
		}
		b = strconv.AppendUint(append(b, separator), seq, 10)
	}
	return b
}

// Epoch is the epoch of the feed.
func (f *Feed) Epoch() string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.epoch
}

// Last is the greatest number of an event.
func (f *Feed) Last() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return slices.Max(f.last)
}

// Append adds events to the first shard, numbered from first on in order, and wakes
// the followers. Numbers must grow.
func (f *Feed) Append(first uint64, events ...Event) {
	entries := make([]Entry, len(events))
	for i, ev := range events {
		entries[i] = Entry{Position{Seq: first + uint64(i)}, ev}
	}
	f.Extend(entries)
}

// Extend adds entries and wakes the followers. The numbers of each shard must grow.
func (f *Feed) Extend(entries []Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.extend(entries)
	f.wake()
}

func (f *Feed) extend(entries []Entry) {
	now, came := time.Now().UnixNano(), f.elapsed()
	for _, x := range entries {
		if x.Seq <= f.last[x.Shard] {
			panic("BUG: feed numbers do not grow")
		}
		f.last[x.Shard] = x.Seq
		ev := x.Event
		ev.Cursor = string(f.appendCursor(nil, f.last))
		text, err := json.Marshal(ev)
		if err != nil {
			panic("BUG: event cannot be written: " + err.Error())
		}
		e := &entry{Position: x.Position, expires: ev.Expires, added: now, came: came, name: name{ev.Kind, ev.ID}, json: text}
		f.entries = append(f.entries, e)
		heap.Push(&f.expiry, e)
		b := f.named[e.name]
		f.named[e.name] = bound{max(b.before, ev.Before), max(b.expires, ev.Expires)}
	}
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

// Resume ends Stall with what came meanwhile: entries, and of each shard the number
// of the newest event, which may have been dropped already. Under another epoch
// than before, all that the feed held is forgotten: it is another store's.
// Followers see all of it at once.
func (f *Feed) Resume(epoch string, entries []Entry, last []uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stalled = nil
	if epoch != f.epoch {
		f.epoch, f.entries, f.dead, f.expiry = epoch, nil, 0, nil
		clear(f.last)
		clear(f.named)
	}
	f.extend(entries)
	for i, seq := range last {
		f.last[i] = max(f.last[i], seq)
	}
	f.wake()
}

// Advance makes last the number of the newest event, should the events up to
// it have been dropped already.
func (f *Feed) Advance(last uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last[0] = max(f.last[0], last)
}

// Positions are the places of the live entries.
func (f *Feed) Positions() map[Position]bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	all := make(map[Position]bool, len(f.entries)-f.dead)
	for _, e := range f.entries {
		if e.json != nil {
			all[e.Position] = true
		}
	}
	return all
}

// Missing are the events of live entries that are not among those which a store has.
func (f *Feed) Missing(has map[Position]bool, now int64) (missing []Event) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, e := range f.entries {
		if e.json == nil || e.expires <= now || has[e.Position] {
			continue
		}
		var ev Event
		if err := json.Unmarshal(e.json, &ev); err != nil {
			panic("BUG: event cannot be read: " + err.Error())
		}
		ev.Cursor = ""
		missing = append(missing, ev)
	}
	return missing
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
	at, known := f.parse(cursor)
	b = append(b, `{"events":[`...)
	comma := false
	for _, e := range f.from(at) {
		if e.json == nil || e.Seq <= at[e.Shard] {
			continue
		}
		if comma {
			b = append(b, ',')
		}
		b, comma = append(b, e.json...), true
	}
	for i, seq := range f.last {
		at[i] = max(at[i], seq)
	}
	b = append(b, `],"next":"`...)
	b = append(f.appendCursor(b, at), '"')
	if !known {
		b = append(b, `,"reset":true`...)
	}
	return append(b, '}'), comma || !known, f.changed, nil
}

// from is the entries among which those behind at are: with one shard no others.
func (f *Feed) from(at []uint64) []*entry {
	if len(at) > 1 {
		return f.entries
	}
	i, _ := slices.BinarySearchFunc(f.entries, at[0]+1, func(e *entry, seq uint64) int { return cmp.Compare(e.Seq, seq) })
	return f.entries[i:]
}

// Lag is how far who follows from cursor is behind: how many live events are
// newer, and when the first of them came. It is nothing for who begins anew.
func (f *Feed) Lag(cursor string) (events int, since time.Time) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	at, known := f.parse(cursor)
	if !known {
		return 0, time.Time{}
	}
	for _, e := range f.from(at) {
		if e.json == nil || e.Seq <= at[e.Shard] {
			continue
		}
		if events == 0 {
			since = time.Unix(0, e.added)
		}
		events++
	}
	return events, since
}

// parse reads a cursor: of each shard, the number of the last event seen. One that
// is not of this feed is not known, and stands for its beginning.
func (f *Feed) parse(cursor string) (at []uint64, known bool) {
	beginning := make([]uint64, len(f.last))
	epoch, numbers, _ := strings.Cut(cursor, "-")
	parts := strings.Split(numbers, ".")
	if epoch != f.epoch || len(parts) != len(f.last) {
		return beginning, false
	}
	at = make([]uint64, len(parts))
	for i, number := range parts {
		seq, err := strconv.ParseUint(number, 10, 64)
		if err != nil || seq > f.last[i] && !f.shared || len(number) > 1 && number[0] == '0' {
			return beginning, false
		}
		at[i] = seq
	}
	return at, true
}

// Drop forgets at most limit entries that have expired, and that Hold does not
// keep, and returns their places. Followers miss nothing by it: what the entries
// revoked has expired.
func (f *Feed) Drop(now int64, limit int) []Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	var gone []Position
	held := f.elapsed() - f.hold
	for len(f.expiry) > 0 && f.expiry[0].expires <= now && f.expiry[0].came <= held && len(gone) < limit {
		e := heap.Pop(&f.expiry).(*entry)
		e.json = nil
		f.dead++
		gone = append(gone, e.Position)
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
