package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

// walkCount is how many keys a step of a walk looks at: few enough that other
// callers wait for no more than a millisecond.
const walkCount = 500

// Walk implements store.Store. It scans the keys of each server; one that a scan
// shows twice is visited once.
func (s *Store) Walk(ctx context.Context, now int64, v store.Visitor) error {
	if v.Session != nil {
		err := s.scan(ctx, "s:", func(_ string, value []byte) error {
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
		err := s.scan(ctx, "t:", func(name string, value []byte) error {
			var d store.Digest
			if err := d.UnmarshalText([]byte(name)); err != nil {
				return err
			}
			t, err := store.DecodeToken(value)
			if err != nil || t.Expires <= now {
				return err
			}
			return v.Access(&store.Issued{Digest: d, Token: t})
		})
		if err != nil {
			return err
		}
	}
	if v.Record == nil {
		return nil
	}
	return s.scan(ctx, "d:", func(name string, value []byte) error {
		kind, digest, _ := strings.Cut(name, ":")
		var d store.Digest
		if err := d.UnmarshalText([]byte(digest)); err != nil || len(kind) != 1 {
			return err
		}
		r, err := store.DecodeRecord(value, store.RecordKind(kind[0]), d)
		if err != nil || r.Expires <= now {
			return err
		}
		return v.Record(r)
	})
}

// scan calls f for every value whose key begins with ours and then what, with
// the rest of the key.
func (s *Store) scan(ctx context.Context, what string, f func(name string, value []byte) error) error {
	begin := "{" + s.keys.prefix
	pattern := escapeGlob(begin) + "}:" + what + "*"
	if s.keys.shards > 1 {
		pattern = escapeGlob(begin) + ".*}:" + what + "*"
	}
	seen := map[string]bool{}
	for address, node := range s.link.client().Nodes() {
		if err := isMaster(ctx, node); errors.Is(err, ErrReplica) {
			continue // its master has the same keys
		}
		var cursor uint64
		for {
			call, cancel := context.WithTimeout(ctx, s.timeout)
			page, err := node.Do(call, node.B().Scan().Cursor(cursor).Match(pattern).Count(walkCount).Build()).AsScanEntry()
			cancel()
			if err != nil {
				return fmt.Errorf("server at %q: %w", address, err)
			}
			for _, key := range page.Elements {
				if seen[key] {
					continue
				}
				seen[key] = true
				_, name, _ := strings.Cut(strings.TrimPrefix(key, begin), "}:"+what)
				if err := s.visit(ctx, key, name, f); err != nil {
					return err
				}
			}
			if cursor = page.Cursor; cursor == 0 {
				break
			}
		}
	}
	return nil
}

// visit reads one value, which may have expired since its key was seen.
func (s *Store) visit(ctx context.Context, key, name string, f func(name string, value []byte) error) error {
	value, err := s.do(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Get().Key(key).Build() }).AsBytes()
	if rueidis.IsRedisNil(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return f(name, value)
}

// escapeGlob makes a pattern of MATCH that stands for s alone.
func escapeGlob(s string) string { return globEscaper.Replace(s) }

var globEscaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)
