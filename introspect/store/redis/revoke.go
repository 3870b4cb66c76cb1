package redis

import (
	"context"
	"encoding/json"

	"github.com/tollgate/tollgate/introspect/store"
)

// slack is how much longer than its entry in the feed a revocation's mark is
// kept, in seconds, since the server's clock may be ahead of ours.
const slack = 300

// Revoke implements store.Revocations.
func (s *Store) Revoke(ctx context.Context, events ...store.Event) error {
	if len(events) == 0 {
		return nil
	}
	args := []string{string(s.keys)}
	for _, ev := range events {
		entry, err := json.Marshal(ev)
		if err != nil {
			return err
		}
		args = append(args, string(ev.Kind), ev.ID, decimal(ev.Before)+" "+decimal(ev.Expires+slack), string(entry))
		if ev.Kind == store.KindClient {
			s.clients.drop(ev.ID)
		}
	}
	return s.run(ctx, revokeScript, []string{s.keys.feed()}, args...).Error()
}

// Revoked implements store.Revocations.
func (s *Store) Revoked(ctx context.Context, t *store.Token, keyID string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	marks, err := s.c.Do(ctx, s.c.B().Mget().Key(
		s.keys.revoked(store.KindToken, t.ID), s.keys.revoked(store.KindSession, t.Session),
		s.keys.revoked(store.KindKey, keyID),
		s.keys.revoked(store.KindSubject, t.Subject), s.keys.revoked(store.KindClient, t.ClientID),
	).Build()).ToArray()
	if err != nil {
		return false, err
	}
	for i, m := range marks {
		if m.IsNil() || i == 1 && t.Session == "" {
			continue
		}
		if i < 3 {
			return true, nil
		}
		before, err := m.AsInt64()
		if err != nil {
			return false, err
		}
		if t.Issued <= before {
			return true, nil
		}
	}
	return false, nil
}
