package redis

import (
	"context"
	"encoding/hex"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

// list enters r in its owner's list, before the record itself is written: an
// entry without a record is passed over, a record without an entry would be
// missing.
func (s *Store) list(ctx context.Context, r *store.Record) error {
	if r.Owner == "" {
		return nil
	}
	key := s.keys.owned(r.Kind, r.Owner)
	_, err := s.run(ctx, ownedScript, []string{key}, hex.EncodeToString(r.Digest[:]), strconv.FormatInt(r.Expires, 10)).AsInt64()
	return err
}

// The list lives as long as the longest-lived of its records. Entries whose records
// the server has dropped leave it, or the list of somebody who comes every day would
// grow for ever.
var ownedScript = rueidis.NewLuaScript(`
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', redis.call('TIME')[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then redis.call('EXPIREAT', KEYS[1], last[2]) end
return 1`)

// Keep implements store.Records, one record after the other.
func (s *Store) Keep(ctx context.Context, records ...*store.Record) error {
	for _, r := range records {
		if err := s.list(ctx, r); err != nil {
			return err
		}
		if err := s.keep(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) keep(ctx context.Context, r *store.Record) error {
	value := rueidis.BinaryString(store.AppendRecord(nil, r))
	return s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Set().Key(s.keys.record(r.Kind, r.Digest)).Value(value).ExatTimestamp(r.Expires).Build()
	}).Error()
}

// Record implements store.Records.
func (s *Store) Record(ctx context.Context, kind store.RecordKind, d store.Digest, now int64) (*store.Record, error) {
	v, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Get().Key(s.keys.record(kind, d)).Build()
	}).AsBytes()
	if rueidis.IsRedisNil(err) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	r, err := store.DecodeRecord(v, kind, d)
	if err == nil && r.Expires <= now {
		return nil, store.ErrNotFound
	}
	return r, err
}

var changeScript = rueidis.NewLuaScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
return 1`)

// Change implements store.Records.
func (s *Store) Change(ctx context.Context, old, next *store.Record) error {
	if err := s.list(ctx, next); err != nil {
		return err
	}
	return swapped(s.run(ctx, changeScript, []string{s.keys.record(old.Kind, old.Digest)},
		rueidis.BinaryString(store.AppendRecord(nil, old)), rueidis.BinaryString(store.AppendRecord(nil, next)),
		strconv.FormatInt(next.Expires, 10)))
}

// Owned implements store.Records.
func (s *Store) Owned(ctx context.Context, kind store.RecordKind, owner string, now int64) ([]*store.Record, error) {
	key := s.keys.owned(kind, owner)
	ids, err := s.members(ctx, key)
	if err != nil {
		return nil, err
	}
	var list []*store.Record
	for _, id := range ids {
		var d store.Digest
		if err := d.UnmarshalText([]byte(id)); err != nil {
			return nil, err
		}
		r, err := s.Record(ctx, kind, d, now)
		if err == store.ErrNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (s *Store) members(ctx context.Context, key string) ([]string, error) {
	return s.do(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Zrange().Key(key).Min("0").Max("-1").Build()
	}).AsStrSlice()
}

// Drop implements store.Records.
func (s *Store) Drop(ctx context.Context, r *store.Record) error {
	return firstError(s.doAll(ctx, func(b rueidis.Builder) []rueidis.Completed {
		all := []rueidis.Completed{b.Del().Key(s.keys.record(r.Kind, r.Digest)).Build()}
		if r.Owner != "" {
			all = append(all, b.Zrem().Key(s.keys.owned(r.Kind, r.Owner)).Member(hex.EncodeToString(r.Digest[:])).Build())
		}
		return all
	}))
}
