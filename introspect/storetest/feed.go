package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
)

// batch is the feed's JSON.
type batch struct {
	Events []store.Event `json:"events"`
	Next   string        `json:"next"`
	Reset  bool          `json:"reset"`
}

// read reads what follows cursor, waiting until there is at least one event
// where some are expected.
func (b *bench) read(cursor string, some bool) batch {
	b.Helper()
	deadline := time.After(10 * time.Second)
	for {
		text, _, changed, err := b.s.Feed().After(nil, cursor)
		b.must(err)
		var got batch
		b.must(json.Unmarshal(text, &got))
		if len(got.Events) > 0 || !some {
			return got
		}
		select {
		case <-changed:
		case <-deadline:
			b.Fatal("no event came")
		}
	}
}

// readIDs reads from cursor on until n events have come.
func (b *bench) readIDs(cursor string, n int) (ids []string, next string) {
	b.Helper()
	for len(ids) < n {
		got := b.read(cursor, true)
		for _, ev := range got.Events {
			ids = append(ids, ev.ID)
		}
		cursor = got.Next
	}
	return ids, cursor
}

func testFeedOrder(b *bench) {
	start := b.read("", false)
	if !start.Reset || len(start.Events) != 0 {
		b.Errorf("a new feed begins with %+v", start)
	}
	want := make([]string, 20)
	for i := range want {
		want[i] = fmt.Sprint("t-", i)
		b.revoke(store.KindToken, want[i], 0)
	}
	got, _ := b.readIDs(start.Next, len(want))
	if b.Sharded {
		slices.Sort(got)
		slices.Sort(want)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("feed is %v", got)
	}
	whole := b.read("", true)
	if len(whole.Events) != len(want) || !whole.Reset {
		b.Errorf("the whole feed is %+v", whole)
	}
	ev := whole.Events[0]
	if ev.Kind != store.KindToken || ev.Expires != b.now+60 || ev.Cursor == "" {
		b.Errorf("event is %+v", ev)
	}
}

func testFeedResumes(b *bench) {
	for i := range 10 {
		b.revoke(store.KindToken, fmt.Sprint("t-", i), 0)
	}
	b.readIDs("", 10)
	for i, ev := range b.read("", true).Events {
		rest := b.read(ev.Cursor, false)
		if len(rest.Events) != 9-i || rest.Reset {
			b.Errorf("after event %d come %+v", i, rest)
		}
	}
}

func testFeedForeign(b *bench) {
	b.revoke(store.KindToken, "t-1", 0)
	_, next := b.readIDs("", 1)
	for _, cursor := range []string{"0123-1", "-", next + "0", next + "x", "x" + next} {
		if got := b.read(cursor, false); !got.Reset || len(got.Events) != 1 {
			b.Errorf("cursor %q is answered with %+v", cursor, got)
		}
	}
}

// What has expired is dropped, and what has not stays, whatever the order in
// which it came.
func testFeedCompaction(b *bench) {
	ctx := b.Context()
	for i := range 100 {
		life := int64(10)
		if i%10 == 0 {
			life = 1000
		}
		b.must(b.s.Revoke(ctx, store.Event{Kind: store.KindToken, ID: fmt.Sprint("t-", i), Expires: b.now + life}))
	}
	ids, next := b.readIDs("", 100)
	middle := b.read("", true).Events[49].Cursor
	b.sweep(b.now + 20)
	got := b.read("", true)
	if len(ids) != 100 || len(got.Events) != 10 || got.Next != next {
		b.Errorf("after compaction the feed is %+v", got)
	}
	for _, ev := range got.Events {
		if ev.Expires != b.now+1000 {
			b.Errorf("%+v is still there", ev)
		}
	}
	if rest := b.read(middle, true); len(rest.Events) != 5 || rest.Reset {
		b.Errorf("from the middle on the feed is %+v", rest)
	}
	b.now += 20
	b.revoked(&store.Token{ID: "t-50"}, "", true)
}

func (b *bench) sweep(now int64) {
	b.Helper()
	for {
		n, err := b.s.Sweep(b.Context(), now, 16)
		if b.must(err); n < 16 {
			return
		}
	}
}

// Followers that read while revocations are made miss none and see one order.
func testFeedConcurrent(b *bench) {
	const writers, each = 8, 25
	var orders [4][]string
	var all sync.WaitGroup
	for i := range orders {
		all.Go(func() { orders[i], _ = b.readIDs("", writers*each) })
	}
	for w := range writers {
		all.Go(func() {
			for i := range each {
				b.revoke(store.KindToken, fmt.Sprintf("t-%d-%d", w, i), 0)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, id := range orders[0] {
		seen[id] = true
	}
	if len(seen) != writers*each {
		b.Errorf("%d different events came, not %d", len(seen), writers*each)
	}
	for _, order := range orders[1:] {
		if fmt.Sprint(order) != fmt.Sprint(orders[0]) {
			b.Error("two followers saw different orders")
		}
	}
}
