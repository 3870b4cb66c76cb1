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

	"github.com/tollgate/tollgate/introspect/store"
)

const (
	pageSize = 1000
	blockFor = 250 * time.Millisecond // the server holds a read so long; Close waits for that
	retry    = 200 * time.Millisecond // after a failed one
	seqBits  = 20                     // of an entry's number count entries of one millisecond
)

var errEntry = errors.New("entry of the feed is damaged")

// follower reads the stream into the feed in memory.
type follower struct {
	s    *Store
	last uint64 // entry read last
}

// run follows until ctx ends. After a failure it reads nothing before it has
// made sure which store it reads.
func (f *follower) run(ctx context.Context) {
	defer close(f.s.ended)
	step := f.read
	for ctx.Err() == nil {
		err := step(ctx)
		if ctx.Err() != nil {
			return
		}
		f.s.setFault(err)
		if err == nil {
			step = f.read
			continue
		}
		step = f.catchUp
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
	s.fault = err
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

// catchUp reads what is there, from the start where the feed is new or the
// server has lost it.
func (f *follower) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.s.timeout)
	defer cancel()
	epoch, err := f.s.epoch(ctx)
	if err != nil {
		return err
	}
	if f.s.feed.Epoch() != epoch {
		f.last = 0
	}
	// Asked before the entries are read: what comes in between is among them.
	newest, err := f.newest(ctx)
	if err != nil {
		return err
	}
	var entries []rueidis.XRangeEntry
	for next := f.last + 1; ; {
		page, err := f.s.c.Do(ctx, f.s.c.B().Xrange().Key(f.s.keys.feed()).Start(entryID(next)).End("+").Count(pageSize).Build()).AsXRange()
		if err != nil {
			return err
		}
		entries = append(entries, page...)
		if len(page) < pageSize {
			break
		}
		last, err := parseID(page[len(page)-1].ID)
		if err != nil {
			return err
		}
		next = last + 1
	}
	f.s.feed.Resume(epoch)
	if err := f.append(entries); err != nil {
		return err
	}
	f.last = max(f.last, newest)
	f.s.feed.Advance(f.last)
	return nil
}

// newest is the last entry that the stream has had, be it deleted since.
func (f *follower) newest(ctx context.Context) (uint64, error) {
	info, err := f.s.c.Do(ctx, f.s.c.B().XinfoStream().Key(f.s.keys.feed()).Build()).AsMap()
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

// read waits for entries.
func (f *follower) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, blockFor+f.s.timeout)
	defer cancel()
	key := f.s.keys.feed()
	streams, err := f.s.c.Do(ctx, f.s.c.B().Xread().Count(pageSize).Block(blockFor.Milliseconds()).
		Streams().Key(key).Id(entryID(f.last)).Build()).AsXRead()
	if rueidis.IsRedisNil(err) {
		return f.same(ctx)
	}
	if err != nil {
		return err
	}
	return f.append(streams[key])
}

var errEpoch = errors.New("the server has lost its data")

// same makes sure that the silence is that of the same store.
func (f *follower) same(ctx context.Context) error {
	epoch, err := f.s.c.Do(ctx, f.s.c.B().Get().Key(f.s.keys.epoch()).Build()).ToString()
	if rueidis.IsRedisNil(err) || err == nil && epoch != f.s.feed.Epoch() {
		return errEpoch
	}
	return err
}

func (f *follower) append(entries []rueidis.XRangeEntry) error {
	for _, e := range entries {
		seq, err := parseID(e.ID)
		if err != nil {
			return err
		}
		var ev store.Event
		if err := json.Unmarshal([]byte(e.FieldValues["e"]), &ev); err != nil {
			return fmt.Errorf("%w: %s", errEntry, e.ID)
		}
		if ev.Kind == store.KindClient {
			f.s.clients.drop(ev.ID)
		}
		f.s.feed.Append(seq, ev)
		f.last = seq
	}
	return nil
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
