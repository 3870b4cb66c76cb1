package revocation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// feed is a Source like the security service's: cursors are EPOCH-SEQ, and it
// holds a call until there are events or it has waited long enough.
type feed struct {
	mu     sync.Mutex
	epoch  int
	events []Event
	err    error
	hang   bool
	wait   time.Duration
	asked  []string // the cursors
	more   chan struct{}
}

func newFeed() *feed { return &feed{wait: 10 * time.Second, more: make(chan struct{})} }

func (f *feed) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	close(f.more)
	f.more = make(chan struct{})
}

func (f *feed) revoke(kind Kind, id string) {
	f.change(func() { f.events = append(f.events, in(kind, id, 0)) })
}

func (f *feed) Next(ctx context.Context, after string) (Batch, error) {
	f.mu.Lock()
	f.asked = append(f.asked, after)
	f.mu.Unlock()
	timer := time.After(f.wait)
	for {
		f.mu.Lock()
		b, err, more, hang := f.since(after), f.err, f.more, f.hang
		f.mu.Unlock()
		if err != nil {
			return Batch{}, err
		}
		if !hang && (len(b.Events) > 0 || b.Reset) {
			return b, nil
		}
		if hang {
			timer = nil
		}
		select {
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		case <-timer:
			return b, nil
		case <-more:
		}
	}
}

func (f *feed) since(after string) Batch {
	b := Batch{Next: fmt.Sprintf("%d-%d", f.epoch, len(f.events))}
	epoch, seq, ok := strings.Cut(after, "-")
	n, err := strconv.Atoi(seq)
	if !ok || err != nil || epoch != strconv.Itoa(f.epoch) || n > len(f.events) {
		b.Reset, n = true, 0
	}
	b.Events = f.events[n:]
	return b
}

// follow runs a Follower of f until the test's end.
func follow(t *testing.T, f Source, options Options) (*Set, *Follower) {
	s := NewSet()
	follower := NewFollower(f, s, options)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- follower.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	synctest.Wait()
	return s, follower
}

func TestFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.revoke(Token, "before")
		s, follower := follow(t, f, Options{})
		if !follower.Ready() || !follower.Healthy(time.Now()) || !s.Revoked("before", "", "", "", "", 0) {
			t.Error("not ready after the first read")
		}
		// an event is there as soon as it happens
		f.revoke(Session, "later")
		synctest.Wait()
		if !s.Revoked("", "later", "", "", "", 0) || follower.Lag(time.Now()) != 0 {
			t.Error("not there at once")
		}
		// quiet is not silence
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if !follower.Healthy(time.Now()) || follower.Lag(time.Now()) > 11*time.Second {
			t.Errorf("lag %v while nothing happens", follower.Lag(time.Now()))
		}
		st := follower.Status()
		if st.Events != 2 || st.Resets != 1 || st.Failures != 0 || st.Ignored != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// After a break of any length the follower goes on from where it was.
func TestFollowerResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.revoke(Token, "a")
		var told []error
		s, follower := follow(t, f, Options{MaxSilence: 20 * time.Second, OnError: func(err error) { told = append(told, err) }})
		down := errors.New("down")
		f.change(func() { f.err = down })
		time.Sleep(19 * time.Second)
		synctest.Wait()
		if !follower.Healthy(time.Now()) {
			t.Error("not healthy within the silence allowed")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if follower.Healthy(time.Now()) || !follower.Ready() {
			t.Error("healthy after more silence than allowed")
		}
		if !s.Revoked("a", "", "", "", "", 0) {
			t.Error("forgot what it knew")
		}
		f.mu.Lock()
		f.asked = nil
		f.mu.Unlock()
		f.change(func() { f.err = nil; f.events = append(f.events, in(Token, "b", 0)) })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !s.Revoked("b", "", "", "", "", 0) || !follower.Healthy(time.Now()) {
			t.Error("did not catch up within two seconds")
		}
		if st := follower.Status(); st.Resets != 1 || st.Failures < 5 || uint64(len(told)) != st.Failures || !errors.Is(told[0], down) {
			t.Errorf("%+v, told of %d", st, len(told))
		}
		if f.asked[0] != "0-1" {
			t.Errorf("asked after %q", f.asked[0])
		}
	})
}

// A feed that has lost its place sends everything, and what it does not send is
// not revoked.
func TestFollowerGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.revoke(Token, "a")
		s, follower := follow(t, f, Options{})
		f.change(func() { f.epoch, f.events = 1, []Event{in(Token, "b", 0)} })
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if s.Revoked("a", "", "", "", "", 0) || !s.Revoked("b", "", "", "", "", 0) {
			t.Error("not the whole new feed")
		}
		if st := follower.Status(); st.Resets != 2 {
			t.Errorf("%+v", st)
		}
	})
}

// Before the first answer nothing is known, and that is not healthy.
func TestFollowerNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.err = errors.New("down")
		_, follower := follow(t, f, Options{})
		time.Sleep(time.Second)
		synctest.Wait()
		if follower.Ready() || follower.Healthy(time.Now()) {
			t.Error("ready without an answer")
		}
		f.change(func() { f.err = nil })
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if !follower.Ready() || !follower.Healthy(time.Now()) {
			t.Error("an empty feed is a feed")
		}
	})
}

// A connection that nobody answers on is given up.
func TestFollowerHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		s, follower := follow(t, f, Options{MaxSilence: 15 * time.Second})
		f.change(func() { f.hang = true })
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if follower.Healthy(time.Now()) {
			t.Error("healthy while the feed hangs")
		}
		f.mu.Lock() // nobody is told: the calls under way hang for good
		f.hang = false
		f.events = append(f.events, in(Token, "a", 0))
		f.mu.Unlock()
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if !s.Revoked("a", "", "", "", "", 0) || !follower.Healthy(time.Now()) {
			t.Error("still hangs")
		}
	})
}

// A source that answers at once although there is nothing is not asked in a loop.
func TestFollowerIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.wait = 0
		follow(t, f, Options{})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := len(f.asked); n < 90 || n > 110 {
			t.Errorf("asked %d times in ten seconds", n)
		}
	})
}

// A batch without Next is left off at its last event.
func TestFollowerCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		source := sourceFunc(func(ctx context.Context, after string) (Batch, error) {
			asked = append(asked, after)
			switch len(asked) {
			case 1:
				return Batch{Events: []Event{{Cursor: "x", Kind: Token, ID: "1"}, {Cursor: "y", Kind: "planet", ID: "1"}}}, nil
			case 2:
				return Batch{}, nil
			}
			<-ctx.Done()
			return Batch{}, ctx.Err()
		})
		_, follower := follow(t, source, Options{})
		time.Sleep(time.Second)
		synctest.Wait()
		if len(asked) != 3 || asked[0] != "" || asked[1] != "y" || asked[2] != "y" {
			t.Errorf("asked after %q", asked)
		}
		if st := follower.Status(); st.Ignored != 1 {
			t.Errorf("%+v", st)
		}
	})
}

type sourceFunc func(ctx context.Context, after string) (Batch, error)

func (f sourceFunc) Next(ctx context.Context, after string) (Batch, error) { return f(ctx, after) }
