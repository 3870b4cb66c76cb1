package redis

import (
	"context"
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
