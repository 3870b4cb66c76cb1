package revocation

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Options are how a Follower follows. The zero value is usable.
type Options struct {
	// MaxSilence is how long the feed may say nothing before the set is not healthy,
	// 30 seconds if 0. It has to be longer than the Source waits for events. A call
	// that takes as long is given up.
	MaxSilence time.Duration
	// MaxBackoff bounds the pause after failed calls, 2 seconds if 0. The first is a
	// twentieth of a second, and each one after it up to twice as long.
	MaxBackoff time.Duration
	// OnError, if set, hears of failed calls.
	OnError func(error)
}

const (
	firstBackoff = 50 * time.Millisecond
	// A source that does not wait for events is asked this often.
	idlePause = 100 * time.Millisecond
)

// A Follower keeps a Set current: it asks the Source for what comes after the
// last event it has seen, for ever, and after any break goes on from there.
type Follower struct {
	source  Source
	set     *Set
	options Options

	mu     sync.Mutex
	status Status
	again  bool               // the whole feed has to be read again
	giveUp context.CancelFunc // ends the call that waits for the feed
}

// Status is how a Follower is doing.
type Status struct {
	Ready    bool      // the whole feed has been read once
	Contact  time.Time // when the feed last answered
	Events   uint64    // applied
	Ignored  uint64    // of them, those that meant nothing
	Resets   uint64    // whole feeds read: the first, and one for each gap
	Failures uint64    // calls that failed
	cursor   string
}

// NewFollower returns a Follower that keeps set current once it Runs.
func NewFollower(source Source, set *Set, options Options) *Follower {
	if options.MaxSilence <= 0 {
		options.MaxSilence = 30 * time.Second
	}
	if options.MaxBackoff <= 0 {
		options.MaxBackoff = 2 * time.Second
	}
	return &Follower{source: source, set: set, options: options}
}

// Run follows the feed until ctx ends, and returns ctx's error.
func (f *Follower) Run(ctx context.Context) error {
	go f.watchClock(ctx, f.set.clock.SetBack())
	backoff := firstBackoff
	for {
		started := time.Now()
		events, err := f.step(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var pause time.Duration
		switch {
		case err != nil:
			// Between half and all of it, so that followers do not come back in step.
			pause = backoff/2 + rand.N(backoff/2)
			backoff = min(2*backoff, f.options.MaxBackoff)
		case events == 0:
			pause = idlePause - time.Since(started)
			fallthrough
		default:
			backoff = firstBackoff
		}
		if pause <= 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// clockCheck is how often the follower looks whether the machine's clock has been
// set back.
const clockCheck = 500 * time.Millisecond

// watchClock has the whole feed read again when the machine's clock has been set
// back more often than the count seen: what the set took for expired until then
// may not be.
func (f *Follower) watchClock(ctx context.Context, seen uint64) {
	tick := time.NewTicker(clockCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if n := f.set.clock.SetBack(); n != seen {
			seen = n
			f.mu.Lock()
			f.again = true
			if f.giveUp != nil {
				f.giveUp()
			}
			f.mu.Unlock()
		}
	}
}

// next is the cursor to ask after, and the context of that call.
func (f *Follower) next(ctx context.Context) (call context.Context, cancel context.CancelFunc, cursor string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.again {
		f.again, f.status.cursor = false, ""
	}
	call, cancel = context.WithTimeout(ctx, f.options.MaxSilence)
	f.giveUp = cancel
	return call, cancel, f.status.cursor
}

// readAgain reports whether the whole feed has to be read again.
func (f *Follower) readAgain() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.again
}

// step asks once, and returns the number of events.
func (f *Follower) step(ctx context.Context) (int, error) {
	call, cancel, cursor := f.next(ctx)
	defer cancel()
	batch, err := f.source.Next(call, cursor)
	if err != nil && f.readAgain() {
		return 0, nil // it was given up for that
	}
	if err != nil {
		if f.options.OnError != nil && ctx.Err() == nil {
			f.options.OnError(err)
		}
		f.mu.Lock()
		f.status.Failures++
		f.mu.Unlock()
		return 0, err
	}
	ignored := f.set.Apply(batch)
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &f.status
	s.Ready, s.Contact = true, time.Now()
	s.Events += uint64(len(batch.Events))
	s.Ignored += uint64(ignored)
	if batch.Reset {
		s.Resets++
	}
	switch n := len(batch.Events); {
	case batch.Next != "":
		s.cursor = batch.Next
	case n > 0:
		s.cursor = batch.Events[n-1].Cursor
	}
	return len(batch.Events), nil
}

// Status is how the follower is doing.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Ready reports whether the whole feed has been read once: before that, the set
// is no ground to accept anything on.
func (f *Follower) Ready() bool { return f.Status().Ready }

// Lag is the time since the feed last answered: what was revoked before that is
// in the set. Before the first answer it is always.
func (f *Follower) Lag(now time.Time) time.Duration {
	s := f.Status()
	if !s.Ready {
		return 1<<63 - 1
	}
	return now.Sub(s.Contact)
}

// Healthy reports whether the set can be relied on: the lag is at most
// MaxSilence.
func (f *Follower) Healthy(now time.Time) bool { return f.Lag(now) <= f.options.MaxSilence }
