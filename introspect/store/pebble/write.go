package pebble

import "github.com/cockroachdb/pebble/v2"

// A record is one that expires, or one that is to be removed.
type record struct {
	key, value []byte
	expires    int64 // 0: it is in the expiry index already
	gone       bool  // it is removed, and has neither value nor expiry
}

// A write is the records of one call. The first of those that expire in one
// second has a key that is written once: a digest of a token.
type write []record

// write makes the records of a call durable, all or none.
func (s *Store) write(w write) error { return s.writes.do(w) }

// recordRoom is more than a record takes in a batch beside its key, which may
// be in the expiry index as well, and its value.
const recordRoom = 32

// commitWrites makes calls durable, with one entry of the expiry index for all
// that expire in the same second.
func (s *Store) commitWrites(calls []write) error {
	size := 0
	for _, w := range calls {
		for _, r := range w {
			size += 2*len(r.key) + len(r.value) + recordRoom
		}
	}
	b := s.db.NewBatchWithSize(size)
	var index expiries
	for _, w := range calls {
		for _, r := range w {
			if r.gone {
				remove(b, r.key)
				continue
			}
			set(b, r.key, r.value)
			if r.expires != 0 {
				index.add(r.expires, r.key)
			}
		}
	}
	index.set(b)
	return s.commit(b)
}

// expiries are the entries of the expiry index that a commit makes: few, since
// most of what is issued together expires together.
type expiries []expiry

// An expiry is the keys that expire in one second: the first names the entry,
// the others are its value.
type expiry struct {
	second int64
	first  []byte
	others []byte
}

func (e *expiries) add(second int64, key []byte) {
	for i := range *e {
		if x := &(*e)[i]; x.second == second {
			x.others = appendKey(x.others, key)
			return
		}
	}
	*e = append(*e, expiry{second: second, first: key})
}

func (e expiries) set(b *pebble.Batch) {
	for _, x := range e {
		set(b, expiryKey(x.second, x.first), x.others)
	}
}
