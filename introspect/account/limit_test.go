package account

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// limiter is a Limiter whose clock stands where a test puts it.
type limiter struct {
	*Limiter
	t       *testing.T
	budgets *budgets
	now     atomic.Int64 // nanoseconds after start
}

func newLimiter(t *testing.T) *limiter {
	l := &limiter{t: t}
	l.budgets = newBudgets(func() time.Time { return start.Add(time.Duration(l.now.Load())) })
	l.Limiter = NewLimiter(Rate{5, time.Minute}, Rate{20, time.Second}, Rate{100, time.Second}, l.budgets)
	return l
}

// begin begins a try at a time.
func (l *limiter) begin(id, network string, now time.Time) (*Attempt, time.Duration) {
	l.now.Store(int64(now.Sub(start)))
	a, wait, err := l.Begin(l.t.Context(), id, network)
	if err != nil {
		l.t.Error(err)
	}
	return a, wait
}

// try fails to log in, and reports whether it was let through.
func try(l *limiter, id, network string, now time.Time) bool {
	_, wait := l.begin(id, network, now)
	return wait <= 0
}

func TestPairBudget(t *testing.T) {
	l := newLimiter(t)
	for i := range 5 {
		if !try(l, "alice", "1.2.3.4", start) {
			t.Fatalf("try %d is refused", i)
		}
	}
	_, wait := l.begin("alice", "1.2.3.4", start)
	if wait != time.Minute {
		t.Errorf("the sixth has to wait for %v, not a minute", wait)
	}
	if try(l, "alice", "1.2.3.4", start.Add(59*time.Second)) {
		t.Error("it is let through too early")
	}
	if !try(l, "alice", "1.2.3.4", start.Add(60*time.Second)) ||
		try(l, "alice", "1.2.3.4", start.Add(60*time.Second)) {
		t.Error("a minute does not give exactly one try")
	}
	later := start.Add(60 * time.Second)
	if !try(l, "bob", "1.2.3.4", later) || !try(l, "alice", "1.2.3.5", later) {
		t.Error("others are refused")
	}
}

func TestAddressBudget(t *testing.T) {
	l := newLimiter(t)
	n := 0
	for try(l, fmt.Sprint("user-", n), "1.2.3.4", start) {
		n++
	}
	if n != 20 {
		t.Errorf("one address could try %d ids", n)
	}
	if !try(l, "user-0", "1.2.3.5", start) {
		t.Error("another address is refused")
	}
}

// Whoever guesses at alice from everywhere is stopped in the end; alice, from
// where she is known, is not.
func TestGuessingDoesNotLockOut(t *testing.T) {
	l := newLimiter(t)
	a, _ := l.begin("alice", "home", start)
	if err := a.Succeed(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for try(l, "alice", fmt.Sprint("bot-", n), start) {
		n++
	}
	if n != 100 {
		t.Errorf("%d guesses were let through", n)
	}
	if try(l, "alice", "cafe", start) {
		t.Error("a new address is let through while the id is guessed at")
	}
	if !try(l, "alice", "home", start) {
		t.Error("alice is locked out at home")
	}
	if !try(l, "bob", "cafe", start) {
		t.Error("bob is locked out as well")
	}
}

func TestSuccessCostsNothing(t *testing.T) {
	l := newLimiter(t)
	for range 1000 {
		a, wait := l.begin("alice", "home", start)
		if wait > 0 {
			t.Fatal("a login that works is limited")
		}
		if err := a.Succeed(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		a, wait := l.begin("alice", "home", start)
		if wait > 0 {
			t.Fatal("a login that was not decided is counted")
		}
		if err := a.Cancel(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Tries that did not fail take no room, so they cannot fill it up and have
// everybody refused.
func TestCreditedTriesTakeNoRoom(t *testing.T) {
	l := newLimiter(t)
	for i := range 2000 {
		a, wait := l.begin(fmt.Sprint("user-", i), fmt.Sprint("net-", i), start)
		if wait > 0 {
			t.Fatal("a try is refused")
		}
		end := a.Cancel
		if i%2 == 0 {
			end = a.Succeed
		}
		if err := end(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.budgets.spent); n != 0 {
		t.Errorf("%d budgets are held by tries that did not fail, want 0", n)
	}
}

// A limiter that is full refuses strangers, and has room again as soon as what it
// holds is over, not a minute later.
func TestFullLimiterLooksForRoom(t *testing.T) {
	l := newLimiter(t)
	for i := range maxBudgets {
		l.budgets.spent[fmt.Sprint(i)] = start.Add(3 * time.Second)
	}
	if try(l, "alice", "home", start) {
		t.Error("a try is let through that cannot be counted")
	}
	if !try(l, "alice", "home", start.Add(4*time.Second)) {
		t.Error("a try is refused though all that was held is over")
	}
}

// Tries at the same time are counted before any of them is decided.
func TestTriesAtTheSameTimeAreCounted(t *testing.T) {
	l := newLimiter(t)
	var through atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if try(l, "alice", "home", start) {
				through.Add(1)
			}
		})
	}
	all.Wait()
	if n := through.Load(); n != 5 {
		t.Errorf("%d of 50 tries at once were let through", n)
	}
}

func TestBudgetsAreForgotten(t *testing.T) {
	l := newLimiter(t)
	for i := range 1000 {
		try(l, fmt.Sprint("user-", i), fmt.Sprint("bot-", i), start)
	}
	try(l, "alice", "home", start.Add(2*time.Minute))
	if n := len(l.budgets.spent); n > 10 {
		t.Errorf("%d budgets are held that are whole again", n)
	}
}

func TestNetwork(t *testing.T) {
	f := func(addr, want string) {
		t.Helper()
		if got := Network(netip.MustParseAddr(addr)); got != want {
			t.Errorf("Network(%s) = %s", addr, got)
		}
	}
	f("192.0.2.7", "192.0.2.7")
	f("::ffff:192.0.2.7", "192.0.2.7")
	f("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")
	f("fe80::1%eth0", "fe80::/64")
}
