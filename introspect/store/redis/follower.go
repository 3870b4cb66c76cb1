package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate/introspect/store"
)

const (
	pageSize = 1000
	retry    = 200 * time.Millisecond // after a failed one
	seqBits  = 20                     // of an entry's number count entries of one millisecond
)

var (
	errEntry = errors.New("entry of the feed is damaged")
	errEpoch = errors.New("the server has lost its data")
	// errBehind: the server lacks the newest entries, or has others under numbers
	// that had been passed by. It was a replica that had not received them.
	errBehind = errors.New("the server is behind what was read")
)

// isUnfit reports whether a server may not be asked anything, for err.
func isUnfit(err error) bool {
	return errors.Is(err, ErrReplica) || errors.Is(err, ErrEviction) || errors.Is(err, ErrCluster)
}

// follower reads the streams into the feed in memory.
type follower struct {
	s    *Store
	last []uint64 // of each shard, the entry read last
}

// run follows until ctx ends. After a failure it reads nothing before it has
// made sure which store it reads.
func (f *follower) run(ctx context.Context) {
	defer close(f.s.ended)
	caughtUp := true
	for ctx.Err() == nil {
		var err error
		if !caughtUp {
			err = f.catchUp(ctx)
		}
		if err == nil {
			f.s.setFault(nil)
			err = f.follow(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		f.s.setFault(err)
		caughtUp = false
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// setFault stalls the feed while it cannot be read.
func (s *Store) setFault(err error) {
	s.mu.Lock()
	before := s.fault
	s.fault, s.unfit = err, nil
	if isUnfit(err) {
		s.unfit = err
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		if before == nil {
			s.log.Error("revocation feed cannot be read", "error", err)
		}
		s.feed.Stall(err)
	case before != nil:
		s.log.Info("revocation feed is read again")
	}
}

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
		for i := range newest {
			f.last[i] = newest[i]
		}
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

// follow waits for entries in every shard, until one cannot be read.
func (f *follower) follow(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range f.last {
		group.Go(func() error {
			for ctx.Err() == nil {
				if err := f.read(ctx, i); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	group.Go(func() error { return f.watch(ctx) })
	return group.Wait()
}

// read waits for entries of a shard.
func (f *follower) read(ctx context.Context, shard int) error {
	blockFor := f.s.link.o.blockFor
	ctx, cancel := context.WithTimeout(ctx, blockFor+f.s.timeout)
	defer cancel()
	c, key := f.s.link.client(), f.s.keys.feed(shard)
	streams, err := c.Do(ctx, c.B().Xread().Count(pageSize).Block(blockFor.Milliseconds()).
		Streams().Key(key).Id(entryID(f.last[shard])).Build()).AsXRead()
	if rueidis.IsRedisNil(err) {
		return nil
	}
	if err != nil {
		return err
	}
	entries, err := parseEntries(shard, streams[key])
	if err != nil || len(entries) == 0 {
		return err
	}
	for _, e := range entries {
		if e.Event.Kind == store.KindClient {
			f.s.clients.drop(e.Event.ID)
		}
	}
	f.s.feed.Extend(entries)
	f.last[shard] = entries[len(entries)-1].Seq
	return nil
}

// watchEvery is how often the follower makes sure that it reads from the masters of
// the same store.
const watchEvery = 250 * time.Millisecond

// watch makes sure of that until it is not so.
func (f *follower) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := f.same(ctx); err != nil {
			return err
		}
	}
}

// same makes sure that the store is the one that was read. On a cluster a replica
// answers with the address of its master, so it is not taken for one.
func (f *follower) same(ctx context.Context) error {
	s := f.s
	call, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c := s.link.client()
	if !s.link.o.Cluster {
		if err := isMaster(call, c); err != nil {
			return err
		}
	}
	var commands []rueidis.Completed
	for i := range f.last {
		commands = append(commands, c.B().Get().Key(s.keys.epoch(i)).Build())
	}
	var epochs []string
	for _, r := range c.DoMulti(call, commands...) {
		epoch, err := r.ToString()
		if rueidis.IsRedisNil(err) {
			return errEpoch
		}
		if err != nil {
			return err
		}
		epochs = append(epochs, epoch)
	}
	if joinEpochs(epochs) != s.feed.Epoch() {
		return errEpoch
	}
	return nil
}

func parseEntries(shard int, page []rueidis.XRangeEntry) ([]store.Entry, error) {
	entries := make([]store.Entry, len(page))
	for i, e := range page {
		seq, err := parseID(e.ID)
		if err != nil {
			return nil, err
		}
		entries[i].Position = store.Position{Shard: shard, Seq: seq}
		if err := json.Unmarshal([]byte(e.FieldValues["e"]), &entries[i].Event); err != nil {
			return nil, fmt.Errorf("%w: %s", errEntry, e.ID)
		}
	}
	return entries, nil
}

// entryID is the id in the stream of the entry numbered seq. Numbers grow with
// the server's clock, so that those a server has lost are not given out again.
func entryID(seq uint64) string {
	return strconv.FormatUint(seq>>seqBits, 10) + "-" + strconv.FormatUint(seq&(1<<seqBits-1), 10)
}

// parseID is the inverse of entryID.
func parseID(id string) (uint64, error) {
	ms, n, _ := strings.Cut(id, "-")
	a, err1 := strconv.ParseUint(ms, 10, 64-seqBits)
	b, err2 := strconv.ParseUint(n, 10, seqBits)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("%w: id %q", errEntry, id)
	}
	return a<<seqBits | b, nil
}
