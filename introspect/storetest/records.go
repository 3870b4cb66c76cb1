package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/tollgate/tollgate/introspect/store"
)

// record makes a record that lives for a minute.
func (b *bench) record(kind store.RecordKind, owner, value string) *store.Record {
	return &store.Record{Kind: kind, Digest: store.DigestOf([]byte(b.text())), Owner: owner, Value: []byte(value), Expires: b.now + 60}
}

// finds checks that a record is there, whole.
func (b *bench) finds(want *store.Record) {
	b.Helper()
	got, err := b.s.Record(b.Context(), want.Kind, want.Digest, b.now)
	if err != nil {
		b.Errorf("record %q of %q: %v", want.Value, want.Owner, err)
		return
	}
	if got.Kind != want.Kind || got.Digest != want.Digest || got.Owner != want.Owner || !bytes.Equal(got.Value, want.Value) || got.Expires != want.Expires {
		b.Errorf("record is %+v, not %+v", got, want)
	}
}

func (b *bench) lost(r *store.Record) {
	b.Helper()
	if got, err := b.s.Record(b.Context(), r.Kind, r.Digest, b.now); err != store.ErrNotFound {
		b.Errorf("record %q of %q: %+v, %v; want ErrNotFound", r.Value, r.Owner, got, err)
	}
}

// owns checks the list of an owner.
func (b *bench) owns(kind store.RecordKind, owner string, want ...*store.Record) {
	b.Helper()
	list, err := b.s.Owned(b.Context(), kind, owner, b.now)
	b.must(err)
	got, wanted := map[string]bool{}, map[string]bool{}
	for _, r := range list {
		got[string(r.Value)] = true
	}
	for _, r := range want {
		wanted[string(r.Value)] = true
	}
	if len(list) != len(want) || fmt.Sprint(got) != fmt.Sprint(wanted) {
		b.Errorf("%q owns %v of kind %c, want %v", owner, got, kind, wanted)
	}
}

func testRecords(b *bench) {
	ctx := b.Context()
	a := b.record(store.RecordBrowser, "alice", "one\x00two")
	c := b.record(store.RecordBrowser, "alice", "three")
	other := b.record(store.RecordBrowser, "alicex", "four")
	code := b.record(store.RecordCode, "", "five")
	b.must(b.s.Keep(ctx, a, c, other, code))
	for _, r := range []*store.Record{a, c, other, code} {
		b.finds(r)
	}
	b.owns(store.RecordBrowser, "alice", a, c)
	b.owns(store.RecordBrowser, "alicex", other)
	b.owns(store.RecordCode, "alice")
	// the kind is part of the name
	b.lost(&store.Record{Kind: store.RecordConsent, Digest: a.Digest})
	// kept once more, it has the new value
	a2 := *a
	a2.Value = []byte("six")
	b.must(b.s.Keep(ctx, &a2))
	b.finds(&a2)
	b.must(b.s.Drop(ctx, &a2))
	b.must(b.s.Drop(ctx, &a2)) // no error where it is gone
	b.lost(&a2)
	b.owns(store.RecordBrowser, "alice", c)
}

func testRecordsExpire(b *bench) {
	ctx := b.Context()
	short, long := b.record(store.RecordBrowser, "alice", "short"), b.record(store.RecordBrowser, "alice", "long")
	extended := b.record(store.RecordBrowser, "alice", "first")
	long.Expires = b.now + 600
	b.must(b.s.Keep(ctx, short, long, extended))
	more := *extended
	more.Value, more.Expires = []byte("more"), b.now+600
	b.must(b.s.Change(ctx, extended, &more))
	b.sweep(b.now + 60)
	b.now += 60
	b.lost(short)
	b.finds(long)
	b.finds(&more)
	b.owns(store.RecordBrowser, "alice", long, &more)
}

// Of fifty that change one record at once, one succeeds.
func testRecordChangesOnce(b *bench) {
	ctx := b.Context()
	for round := range 20 {
		old := b.record(store.RecordCode, "", fmt.Sprint("issued ", round))
		b.must(b.s.Keep(ctx, old))
		var all sync.WaitGroup
		errs := make([]error, 50)
		nexts := make([]*store.Record, len(errs))
		for i := range errs {
			next := *old
			next.Value = fmt.Append(nil, "used by ", i)
			nexts[i] = &next
			all.Go(func() { errs[i] = b.s.Change(ctx, old, &next) })
		}
		all.Wait()
		won := -1
		for i, err := range errs {
			switch {
			case err == nil && won < 0:
				won = i
			case err == nil:
				b.Fatalf("round %d: two of fifty changed one record", round)
			case !errors.Is(err, store.ErrChanged):
				b.Fatalf("round %d: %v, not ErrChanged", round, err)
			}
		}
		if won < 0 {
			b.Fatalf("round %d: none of fifty changed the record", round)
		}
		b.finds(nexts[won])
	}
	gone := b.record(store.RecordCode, "", "gone")
	if err := b.s.Change(ctx, gone, gone); !errors.Is(err, store.ErrChanged) {
		b.Errorf("changing what is not there: %v, not ErrChanged", err)
	}
}

func testRecordsRestart(b *bench) {
	r, dropped := b.record(store.RecordBrowser, "alice", "kept"), b.record(store.RecordBrowser, "alice", "dropped")
	b.must(b.s.Keep(b.Context(), r, dropped))
	b.must(b.s.Drop(b.Context(), dropped))
	b.restart()
	b.finds(r)
	b.lost(dropped)
	b.owns(store.RecordBrowser, "alice", r)
}
