package revocation

const (
	// grace is added to an event's Expires: verifiers may grant a token up to a
	// minute beyond its exp for clocks that differ, and it is revoked that long.
	grace = 60
	// slot is how many seconds of expiry are let go of together.
	slot = 16
)

// expiry lists the ids of a set by when they may go.
type expiry struct {
	next  int64 // slots before it are gone
	slots map[int64][]ref
}

type ref struct {
	kind int
	id   string
}

func newExpiry(now int64) expiry { return expiry{now / slot, make(map[int64][]ref)} }

// slotOf is the first slot at whose beginning nothing with these expires is
// needed any more.
func slotOf(expires int64) int64 { return (expires + grace + slot - 1) / slot }

func (x *expiry) add(expires int64, kind int, id string) {
	n := max(slotOf(expires), x.next)
	x.slots[n] = append(x.slots[n], ref{kind, id})
}

// sweep lets go of what has expired at now. The caller holds both locks.
func (t *table) sweep(now int64) {
	for ; t.expiry.next <= now/slot; t.expiry.next++ {
		for _, r := range t.expiry.slots[t.expiry.next] {
			// An id that was revoked again for longer is listed in a later slot too.
			if e, ok := t.entries[r.kind][r.id]; ok && slotOf(e.expires) <= t.expiry.next {
				delete(t.entries[r.kind], r.id)
				t.counts[r.kind].Add(-1)
			}
		}
		delete(t.expiry.slots, t.expiry.next)
	}
}
