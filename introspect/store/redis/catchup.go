package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/tollgate/tollgate/introspect/store"
)

// shard is what the server has of one shard.
type shard struct {
	epoch   string
	newest  uint64 // the last entry that the stream has had, be it deleted since
	entries []store.Entry
}

// catchUp reads all that is there, in every shard, and shows what is new of it. What
// the feed holds and the server has lost, a failover or a restart has taken back: it
// is revoked again before anything is shown, so that no follower forgets it.
func (f *follower) catchUp(ctx context.Context) error {
	s := f.s
	if s.link.fixed() && isMaster(ctx, s.link.client()) != nil {
		if err := s.link.findMaster(ctx); err != nil {
			return err
		}
	}
	if err := s.checkFit(ctx); err != nil {
		return err
	}
	for again := false; ; again = true {
		shards, epoch, err := f.readShards(ctx)
		if err != nil {
			return err
		}
		added, missing, err := f.compare(ctx, shards, epoch)
		if err != nil {
			return err
		}
		if len(missing) > 0 && !again {
			s.log.Warn("the server has lost revocations, which are made again", "events", len(missing))
			if err := s.revoke(ctx, true, missing); err != nil {
				return err
			}
			continue
		}
		newest := make([]uint64, len(shards))
		for i, sh := range shards {
			newest[i] = sh.newest
			if n := len(sh.entries); n > 0 {
				newest[i] = max(newest[i], sh.entries[n-1].Seq)
			}
		}
		s.feed.Resume(epoch, added, newest)
		copy(f.last, newest)
		return nil
	}
}

// readShards reads every shard, and the epoch of all.
func (f *follower) readShards(ctx context.Context) (shards []*shard, epoch string, err error) {
	shards = make([]*shard, len(f.last))
	epochs := make([]string, len(f.last))
	for i := range shards {
		if shards[i], err = f.readShard(ctx, i); err != nil {
			return nil, "", err
		}
		epochs[i] = shards[i].epoch
	}
	return shards, joinEpochs(epochs), nil
}

// compare tells what the shards have that the feed has not, and the other way round.
func (f *follower) compare(ctx context.Context, shards []*shard, epoch string) (added []store.Entry, missing []store.Event, err error) {
	now := time.Now().Unix()
	has := map[store.Position]bool{}
	if f.s.feed.Epoch() != epoch { // another store's numbers say nothing
		for _, sh := range shards {
			added = append(added, sh.entries...)
		}
		return added, f.s.feed.Missing(has, now), nil
	}
	known := f.s.feed.Positions()
	for i, sh := range shards {
		if sh.newest < f.last[i] {
			return nil, nil, errors.Join(errBehind, f.s.renewEpoch(ctx, i, sh.epoch))
		}
		for _, e := range sh.entries {
			has[e.Position] = true
			switch {
			case e.Seq > f.last[i]:
				added = append(added, e)
			case !known[e.Position] && e.Event.Expires > now:
				return nil, nil, errors.Join(errBehind, f.s.renewEpoch(ctx, i, sh.epoch))
			}
		}
	}
	return added, f.s.feed.Missing(has, now), nil
}

// joinEpochs is the epoch of the feed of several shards.
func joinEpochs(epochs []string) string {
	if len(epochs) == 1 {
		return epochs[0]
	}
	d := store.DigestOf([]byte(strings.Join(epochs, " ")))
	return hex.EncodeToString(d[:8])
}

// readShard reads the whole stream of a shard.
func (f *follower) readShard(ctx context.Context, i int) (sh *shard, err error) {
	sh = new(shard)
	if sh.epoch, err = f.s.epoch(ctx, i); err != nil {
		return nil, err
	}
	// Asked before the entries are read: what comes in between is among them.
	if sh.newest, err = f.newest(ctx, i); err != nil {
		return nil, err
	}
	for next := uint64(1); ; {
		page, err := f.s.ask(ctx, func(b rueidis.Builder) rueidis.Completed {
			return b.Xrange().Key(f.s.keys.feed(i)).Start(entryID(next)).End("+").Count(pageSize).Build()
		}).AsXRange()
		if err != nil {
			return nil, err
		}
		entries, err := parseEntries(i, page)
		if err != nil {
			return nil, err
		}
		sh.entries = append(sh.entries, entries...)
		if len(page) < pageSize {
			return sh, nil
		}
		next = entries[len(entries)-1].Seq + 1
	}
}

// newest is the last entry that the stream has had, be it deleted since.
func (f *follower) newest(ctx context.Context, shard int) (uint64, error) {
	info, err := f.s.ask(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.XinfoStream().Key(f.s.keys.feed(shard)).Build()
	}).AsMap()
	if r, ok := rueidis.IsRedisErr(err); ok && strings.Contains(r.Error(), "no such key") {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	id := info["last-generated-id"]
	text, err := id.ToString()
	if err != nil {
		return 0, err
	}
	return parseID(text)
}

// epoch reads the epoch of a shard, and makes one where there is none: on a new
// server, and on one that has lost everything.
func (s *Store) epoch(ctx context.Context, shard int) (string, error) {
	key := s.keys.epoch(shard)
	err := s.ask(ctx, func(b rueidis.Builder) rueidis.Completed {
		return b.Set().Key(key).Value(newEpoch()).Nx().Build()
	}).Error()
	if err != nil && !rueidis.IsRedisNil(err) {
		return "", err
	}
	return s.ask(ctx, func(b rueidis.Builder) rueidis.Completed { return b.Get().Key(key).Build() }).ToString()
}

// renewEpoch has every instance read the shard anew, and its followers with it.
func (s *Store) renewEpoch(ctx context.Context, shard int, was string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return renewScript.Exec(ctx, s.link.client(), []string{s.keys.epoch(shard)}, []string{was, newEpoch()}).Error()
}

func newEpoch() string {
	var random [8]byte
	rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

// ask is do for the follower, which asks servers also while they are not fit.
func (s *Store) ask(ctx context.Context, command func(b rueidis.Builder) rueidis.Completed) rueidis.RedisResult {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c := s.link.client()
	return c.Do(ctx, command(c.B()))
}
