package memory

import "context"

// sweepStep is how many records are looked at before others have their turn,
// whatever the limit of a sweep: some tens of microseconds' work.
const sweepStep = 128

// Sweep implements store.Store.
func (s *Store) Sweep(_ context.Context, now int64, limit int) (n int, err error) {
	for more := true; more && n < limit; {
		step := min(limit-n, sweepStep)
		dropped := len(s.feed.Drop(now, step))
		n, more = n+dropped, dropped == step
	}
	for more := true; more && n < limit; {
		deleted, looked := s.sweep(now, limit-n)
		n, more = n+deleted, looked == sweepStep
	}
	if n < limit {
		n += s.records.sweep(now, limit-n)
	}
	return n, nil
}

// sweep deletes at most limit records that have expired, or one more, a session
// with its last refresh token. It looks at sweepStep at most, and at none that
// lives; at fewer, and deletes fewer than limit, where none are left.
func (s *Store) sweep(now int64, limit int) (deleted, looked int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for looked < sweepStep && deleted < limit {
		x := s.expiry.next(now)
		if x == nil {
			break
		}
		looked++
		if !x.refresh {
			if t := s.access[x.digest]; t != nil && t.Expires <= now {
				delete(s.access, x.digest)
				deleted++
			}
			continue
		}
		r, ok := s.refresh[x.digest]
		if !ok || r.expires > now {
			continue
		}
		delete(s.refresh, x.digest)
		deleted++
		if found := s.sessions[r.session]; found != nil && found.Expires <= now {
			delete(s.sessions, r.session)
			deleted++
		}
	}
	return deleted, looked
}
