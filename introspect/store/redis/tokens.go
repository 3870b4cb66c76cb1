package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

const keptExpired = int64(store.KeptExpired / time.Second)

// Issue implements store.Tokens.
func (s *Store) Issue(ctx context.Context, access *store.Issued) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	record := store.AppendToken(nil, access.Token)
	return s.c.Do(ctx, s.c.B().Set().Key(s.keys.access(access.Digest)).Value(rueidis.BinaryString(record)).
		ExatTimestamp(access.Token.Expires+keptExpired).Build()).Error()
}

// Begin implements store.Tokens.
func (s *Store) Begin(ctx context.Context, begun *store.Session, access *store.Issued) error {
	_, err := s.save(ctx, begun, access, nil)
	return err
}

// Access implements store.Tokens.
func (s *Store) Access(ctx context.Context, d store.Digest, now int64) (*store.Token, error) {
	record, err := s.run(ctx, accessScript, []string{s.keys.access(d)}, string(s.keys)).AsBytes()
	if rueidis.IsRedisNil(err) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	t, err := store.DecodeToken(record)
	if err != nil {
		return nil, err
	}
	if t.Expires <= now {
		return nil, store.ErrNotFound
	}
	return t, nil
}

// Session implements store.Tokens.
func (s *Store) Session(ctx context.Context, refresh store.Digest, now int64) (*store.Session, error) {
	found, _, err := s.session(ctx, refresh, now)
	return found, err
}

// session returns the record as well, as it is stored.
func (s *Store) session(ctx context.Context, refresh store.Digest, now int64) (*store.Session, []byte, error) {
	record, err := s.run(ctx, sessionScript, []string{s.keys.refresh(refresh)}, string(s.keys), decimal(now)).AsBytes()
	if rueidis.IsRedisNil(err) {
		return nil, nil, store.ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	found, err := store.DecodeSession(record)
	if err != nil {
		return nil, nil, err
	}
	if found.Expires <= now {
		return nil, nil, store.ErrNotFound
	}
	return found, record, nil
}

// Rotate implements store.Tokens. The session is replaced only if it is what
// was read; somebody who was faster makes this call one with a used token.
func (s *Store) Rotate(ctx context.Context, r *store.Rotation) error {
	found, record, err := s.session(ctx, r.Old, r.Now)
	if err != nil {
		return err
	}
	if found.Refresh == r.Old {
		next := *found
		next.Refresh, next.Expires = r.New, r.Expires
		won, err := s.save(ctx, &next, r.Access, record)
		if err != nil || won {
			return err
		}
	}
	err = s.Revoke(ctx, store.Event{Kind: store.KindSession, ID: r.Session, Expires: r.Horizon})
	if err != nil {
		return err
	}
	return store.ErrReused
}

// save writes a session, in place of the record was where that is given, and
// reports whether it did.
func (s *Store) save(ctx context.Context, x *store.Session, access *store.Issued, was []byte) (bool, error) {
	keys := []string{s.keys.session(x.ID), s.keys.refresh(x.Refresh)}
	var record []byte
	var expires int64
	if access != nil {
		keys = append(keys, s.keys.access(access.Digest))
		record, expires = store.AppendToken(nil, access.Token), access.Token.Expires+keptExpired
	}
	done, err := s.run(ctx, saveScript, keys,
		rueidis.BinaryString(store.AppendSession(nil, x)), decimal(x.Expires), x.ID,
		rueidis.BinaryString(record), decimal(expires), rueidis.BinaryString(was)).AsInt64()
	return done == 1, err
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
