package revocation

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// testClock is a machine's clock that a test sets, and a monotonic one that goes on.
type testClock struct{ wall, elapsed atomic.Int64 } // nanoseconds

func newTestClock(at time.Time) *testClock {
	c := new(testClock)
	c.wall.Store(at.UnixNano())
	return c
}

func (c *testClock) Wall() time.Time        { return time.Unix(0, c.wall.Load()) }
func (c *testClock) Elapsed() time.Duration { return time.Duration(c.elapsed.Load()) }
func (c *testClock) pass(d time.Duration)   { c.elapsed.Add(int64(d)); c.wall.Add(int64(d)) }
func (c *testClock) set(d time.Duration)    { c.wall.Add(int64(d)) }

func TestClock(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	machine := newTestClock(start)
	c := Clock{Wall: machine.Wall, Elapsed: machine.Elapsed}
	f := func(what string, after time.Duration, setBack uint64) {
		t.Helper()
		if got := c.Now() - start.Unix(); got != int64(after/time.Second) || c.SetBack() != setBack {
			t.Errorf("%s: %v after the start, set back %d times; want %v and %d", what, time.Duration(got)*time.Second, c.SetBack(), after, setBack)
		}
	}
	f("at the start", 0, 0)
	machine.pass(time.Hour)
	f("an hour later", time.Hour, 0)
	machine.set(10 * time.Hour)
	f("set ahead", time.Hour, 0)
	machine.pass(time.Minute)
	f("still ahead", time.Hour+time.Minute, 0)
	machine.set(-10 * time.Hour)
	f("and back", time.Hour+time.Minute, 1)
	machine.set(-30 * time.Minute)
	f("behind", 31*time.Minute, 2)
	machine.set(30 * time.Minute)
	f("and right again", 31*time.Minute, 2)
	for range 48 {
		machine.pass(time.Hour)
		c.Now()
	}
	f("two days later", 49*time.Hour+time.Minute, 2)
	machine.set(500 * time.Hour)
	for range 23 {
		machine.pass(time.Hour)
		c.Now()
	}
	f("ahead for less than a day", 72*time.Hour+time.Minute, 2)
	for range 25 {
		machine.pass(time.Hour)
		c.Now()
	}
	f("ahead for two days", 500*time.Hour+97*time.Hour+time.Minute, 2)
	machine.set(-500 * time.Millisecond)
	f("a step of half a second", 597*time.Hour+59*time.Second, 2) // a second less, as time is cut off
}

// The zero value follows the machine's clock.
func TestClockOfTheMachine(t *testing.T) {
	var c Clock
	if got, now := c.Now(), time.Now().Unix(); got < now-1 || got > now {
		t.Errorf("it is %d, and the machine says %d", got, now)
	}
}

// A clock that jumps ahead and back makes the set forget nothing.
func TestSetKeepsWhatAClockTakesBack(t *testing.T) {
	machine := newTestClock(time.Now())
	s := newSet(machine.Wall, machine.Elapsed)
	expires := machine.Wall().Add(5 * time.Minute).Unix()
	apply(s, Event{Kind: Token, ID: "before", Expires: expires})
	machine.set(time.Hour)
	s.Apply(Batch{})
	apply(s, Event{Kind: Token, ID: "meanwhile", Expires: expires})
	machine.set(-time.Hour)
	s.Apply(Batch{})
	for _, id := range []string{"before", "meanwhile"} {
		if !s.Revoked(id, "", "", "", "", 0) {
			t.Errorf("the token revoked %s the clock was ahead is accepted again", id)
		}
	}
	machine.pass(7 * time.Minute)
	s.Apply(Batch{})
	if s.Len() != 0 {
		t.Errorf("%d entries are left after their time, want 0", s.Len())
	}
}

// A set that was made while the clock was ahead has left out what it took for
// expired. Once the clock is right, the whole feed is read again.
func TestFollowerReadsAgainAfterAClockWasSetBack(t *testing.T) {
	machine := newTestClock(time.Now().Add(time.Hour))
	s := newSet(machine.Wall, machine.Elapsed)
	event := Event{Cursor: "1", Kind: Token, ID: "t", Expires: time.Now().Add(5 * time.Minute).Unix()}
	asked := make(chan string, 10)
	f := NewFollower(sourceFunc(func(ctx context.Context, after string) (Batch, error) {
		asked <- after
		if after == "" {
			return Batch{Events: []Event{event}, Next: "1", Reset: true}, nil
		}
		<-ctx.Done()
		return Batch{}, ctx.Err()
	}), s, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- f.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	want := func(after string) {
		t.Helper()
		select {
		case got := <-asked:
			if got != after {
				t.Fatalf("the feed was asked after %q, want %q", got, after)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("the feed was not asked after %q", after)
		}
	}
	want("")
	want("1")
	if s.Revoked("t", "", "", "", "", 0) {
		t.Error("an entry that has expired an hour ago is kept, and the test shows nothing")
	}
	machine.set(-time.Hour)
	want("")
	want("1")
	if !s.Revoked("t", "", "", "", "", 0) {
		t.Error("the revoked token is accepted after the clock was set back")
	}
	if n := f.Status().Failures; n != 0 {
		t.Errorf("%d failures were counted, want 0", n)
	}
}
