package redis

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

const keptExpired = int64(store.KeptExpired / time.Second)

// setAccess keeps an access token.
func (s *Store) setAccess(b rueidis.Builder, access *store.Issued) rueidis.Completed {
	record := store.AppendToken(nil, access.Token)
	return b.Set().Key(s.keys.access(access.Digest)).Value(rueidis.BinaryString(record)).
		ExatTimestamp(access.Token.Expires + keptExpired).Build()
}

// Issue implements store.Tokens.
func (s *Store) Issue(ctx context.Context, access *store.Issued) error {
	return s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return s.setAccess(b, access) }).Error()
}

// Begin implements store.Tokens.
func (s *Store) Begin(ctx context.Context, begun *store.Session, access *store.Issued) error {
	_, err := s.save(ctx, begun, access, nil)
	return err
}

// Access implements store.Tokens. Where everything is in one shard, one script reads
// the token and what has been revoked; else what has been revoked is read after it.
func (s *Store) Access(ctx context.Context, d store.Digest, now int64) (*store.Token, error) {
	var result rueidis.RedisResult
	if s.keys.shards == 1 {
		result = s.run(ctx, accessScript, []string{s.keys.access(d)}, s.keys.in(0))
	} else {
		result = s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Get().Key(s.keys.access(d)).Build() })
	}
	record, err := result.AsBytes()
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
	if s.keys.shards > 1 {
		revoked, err := s.Revoked(ctx, t, "")
		if err != nil {
			return nil, err
		}
		if revoked {
			return nil, store.ErrNotFound
		}
	}
	return t, nil
}

// Session implements store.Tokens.
func (s *Store) Session(ctx context.Context, refresh store.Digest, now int64) (*store.Session, error) {
	found, _, err := s.session(ctx, refresh, now)
	return found, err
}

// session returns the record as well, as it is stored. What has been revoked is read
// after the session, so that no revocation is missed that was made before the call.
func (s *Store) session(ctx context.Context, refresh store.Digest, now int64) (*store.Session, []byte, error) {
	text, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Get().Key(s.keys.refresh(refresh)).Build()
	}).ToString()
	if rueidis.IsRedisNil(err) {
		return nil, nil, store.ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	second, id, ok := strings.Cut(text, " ")
	expires, err := strconv.ParseInt(second, 10, 64)
	if !ok || err != nil {
		return nil, nil, errRefresh
	}
	if expires <= now {
		return nil, nil, store.ErrNotFound
	}
	record, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Get().Key(s.keys.session(id)).Build()
	}).AsBytes()
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
	ended, err := s.sessionEnded(ctx, found)
	if err != nil {
		return nil, nil, err
	}
	if ended || found.Expires <= now {
		return nil, nil, store.ErrNotFound
	}
	return found, record, nil
}

// Rotate implements store.Tokens. The session is replaced only if it is what was
// read. If it is not, somebody was faster, and it is read again: it has ended, or
// has another refresh token.
func (s *Store) Rotate(ctx context.Context, r *store.Rotation) (*store.Used, error) {
	for {
		found, record, err := s.session(ctx, r.Old, r.Now)
		if err != nil {
			return nil, err
		}
		next, given, err := found.Rotate(r)
		switch {
		case err != nil:
			ev := store.Event{Kind: store.KindSession, ID: r.Session, Expires: r.Horizon}
			return nil, cmp.Or(s.Revoke(ctx, ev), err)
		case next == nil && r.Access == nil:
			return given, nil
		case next == nil:
			return given, s.Issue(ctx, r.Access)
		}
		if won, err := s.save(ctx, next, r.Access, record); err != nil || won {
			return nil, err
		}
	}
}

// save writes a session, in place of the record was where that is given, and
// reports whether it did. The tokens are written first, in shards of their own:
// nobody knows them before the session names them.
func (s *Store) save(ctx context.Context, x *store.Session, access *store.Issued, was []byte) (bool, error) {
	refresh := s.keys.refresh(x.Refresh)
	err := firstError(s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		all := []rueidis.Completed{b.Set().Key(refresh).Value(decimal(x.Expires) + " " + x.ID).ExatTimestamp(x.Expires).Build()}
		if access != nil {
			all = append(all, s.setAccess(b, access))
		}
		return all
	}))
	if err != nil {
		return false, err
	}
	done, err := s.run(ctx, saveScript, []string{s.keys.session(x.ID)},
		rueidis.BinaryString(store.AppendSession(nil, x)), decimal(x.Expires), rueidis.BinaryString(was)).AsInt64()
	if err == nil && done == 0 {
		err = s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Del().Key(refresh).Build() }).Error()
	}
	return done == 1, err
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
