package pebble

import (
	"context"

	"github.com/tollgate/tollgate/introspect/store"
)

// Walk implements store.Store, on one snapshot a kind.
func (s *Store) Walk(_ context.Context, now int64, v store.Visitor) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	if v.Session != nil {
		err := s.scan(prefixSession, func(_, value []byte) error {
			x, err := store.DecodeSession(value)
			if err != nil || x.Expires <= now || s.feed.Ended(x) {
				return err
			}
			return v.Session(x)
		})
		if err != nil {
			return err
		}
	}
	if v.Access != nil {
		err := s.scan(prefixAccess, func(k, value []byte) error {
			t, err := store.DecodeToken(value)
			if err != nil || t.Expires <= now {
				return err
			}
			if len(k) != 1+len(store.Digest{}) {
				return errDamaged
			}
			return v.Access(&store.Issued{Digest: store.Digest(k[1:]), Token: t})
		})
		if err != nil {
			return err
		}
	}
	if v.Record == nil {
		return nil
	}
	return s.scan(prefixRecord, func(k, value []byte) error {
		if len(k) != 2+len(store.Digest{}) {
			return errDamaged
		}
		r, err := store.DecodeRecord(value, store.RecordKind(k[1]), store.Digest(k[2:]))
		if err != nil || r.Expires <= now {
			return err
		}
		return v.Record(r)
	})
}
