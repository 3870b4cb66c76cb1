package memory

import (
	"context"

	"github.com/tollgate/tollgate/introspect/store"
)

// Walk implements store.Store. It collects what there is first, so that v may
// call the store.
func (s *Store) Walk(_ context.Context, now int64, v store.Visitor) error {
	var sessions []*store.Session
	var access []*store.Issued
	var records []*store.Record
	s.mu.RLock()
	for _, x := range s.sessions {
		if x.Expires > now && !s.feed.Ended(x) {
			one := *x
			sessions = append(sessions, &one)
		}
	}
	for d, t := range s.access {
		if t.Expires > now {
			access = append(access, &store.Issued{Digest: d, Token: t})
		}
	}
	s.mu.RUnlock()
	s.records.mu.RLock()
	for _, r := range s.records.all {
		if r.Expires > now {
			records = append(records, r)
		}
	}
	s.records.mu.RUnlock()
	if err := each(sessions, v.Session); err != nil {
		return err
	}
	if err := each(access, v.Access); err != nil {
		return err
	}
	return each(records, v.Record)
}

func each[T any](list []*T, visit func(*T) error) error {
	if visit == nil {
		return nil
	}
	for _, one := range list {
		if err := visit(one); err != nil {
			return err
		}
	}
	return nil
}
