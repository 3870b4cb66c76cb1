package redis

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

// slack is how much longer than its entry in the feed a revocation's mark is
// kept, in seconds, since the server's clock may be ahead of ours.
const slack = 300

var errRefresh = errors.New("refresh token: record is damaged")

// Revoke implements store.Revocations. The events of one shard are one step; on a
// cluster those of several are made true one after the other, the last one last.
func (s *Store) Revoke(ctx context.Context, events ...store.Event) error {
	return s.revoke(ctx, false, events)
}

// revoke leaves out, where once is true, events whose mark is there already.
func (s *Store) revoke(ctx context.Context, once bool, events []store.Event) error {
	for len(events) > 0 {
		shard := s.keys.shard(events[0].ID)
		mode := "always"
		if once {
			mode = "once"
		}
		args := []string{s.keys.in(shard), mode}
		n := 0
		for ; n < len(events) && s.keys.shard(events[n].ID) == shard; n++ {
			ev := events[n]
			entry, err := json.Marshal(ev)
			if err != nil {
				return err
			}
			args = append(args, string(ev.Kind), ev.ID, decimal(ev.Before)+" "+decimal(ev.Expires+slack), string(entry))
			if ev.Kind == store.KindClient {
				s.clients.drop(ev.ID)
			}
		}
		if err := s.run(ctx, revokeScript, []string{s.keys.feed(shard)}, args...).Error(); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

// Revoked implements store.Revocations.
func (s *Store) Revoked(ctx context.Context, t *store.Token, keyID string) (bool, error) {
	return s.marked(ctx, t.Issued, []mark{
		{store.KindToken, t.ID}, {store.KindSession, t.Session}, {store.KindKey, keyID},
		{store.KindSubject, t.Subject}, {store.KindClient, t.ClientID},
	})
}

// sessionEnded reports whether a session has been revoked.
func (s *Store) sessionEnded(ctx context.Context, x *store.Session) (bool, error) {
	return s.marked(ctx, x.Started, []mark{
		{store.KindSession, x.ID}, {store.KindSubject, x.Subject}, {store.KindClient, x.ClientID},
	})
}

// mark names a revocation.
type mark struct {
	kind store.Kind
	id   string
}

// marked reports whether one of marks revokes what was issued then. An empty id
// names nothing.
func (s *Store) marked(ctx context.Context, issued int64, marks []mark) (bool, error) {
	var asked []mark
	for _, m := range marks {
		if m.id != "" {
			asked = append(asked, m)
		}
	}
	values, err := s.values(ctx, asked)
	if err != nil {
		return false, err
	}
	for i, value := range values {
		if value == "" {
			continue
		}
		if kind := asked[i].kind; kind != store.KindSubject && kind != store.KindClient {
			return true, nil
		}
		before, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return false, err
		}
		if issued <= before {
			return true, nil
		}
	}
	return false, nil
}

// values are the values of marks, empty where there is none.
func (s *Store) values(ctx context.Context, marks []mark) ([]string, error) {
	names := make([]string, len(marks))
	for i, m := range marks {
		names[i] = s.keys.revoked(m.kind, m.id)
	}
	values := make([]string, len(marks))
	if s.keys.shards == 1 {
		found, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Mget().Key(names...).Build() }).ToArray()
		if err != nil {
			return nil, err
		}
		for i, m := range found {
			if !m.IsNil() {
				if values[i], err = m.ToString(); err != nil {
					return nil, err
				}
			}
		}
		return values, nil
	}
	results := s.doAll(ctx, func(b rueidis.Builder) (all []rueidis.Completed) {
		for _, name := range names {
			all = append(all, b.Get().Key(name).Build())
		}
		return all
	})
	for i, r := range results {
		value, err := r.ToString()
		if err != nil && !rueidis.IsRedisNil(err) {
			return nil, err
		}
		values[i] = value
	}
	return values, nil
}
