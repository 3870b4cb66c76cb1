package account

import (
	"net/netip"
	"sync"
	"time"
)

// Rate lets burst events happen at once and one more every interval after that.
type Rate struct {
	Burst int
	Every time.Duration
}

// Limiter decides whether somebody may try to log in. Three budgets are
// counted, of failures only: a small one for an id from one address, a larger
// one for an address whatever the id, and a much larger one for an id whatever
// the address. When the last is used up, addresses from which that id has
// logged in before are still let through, so that guessing at somebody's
// account from elsewhere does not lock its owner out.
//
// A budget is a theoretical arrival time (GCRA): an attempt is charged when it
// begins, so that attempts at the same time are all counted, and credited back
// when it succeeds.
type Limiter struct {
	pair, address, id Rate

	mu    sync.Mutex
	spent map[budget]time.Time // when the budget will be whole again
	known map[budget]time.Time // pairs that have logged in, and when
	next  time.Time            // when to drop what has become whole
}

type budget struct {
	id      string
	address string
}

const (
	maxBudgets  = 1 << 20 // held at once; beyond that attempts are refused
	maxKnown    = 1 << 18
	knownFor    = 30 * 24 * time.Hour
	dropEvery   = time.Minute
	refusedWait = time.Minute
)

// NewLimiter returns a Limiter with the given budgets.
func NewLimiter(pair, address, id Rate) *Limiter {
	return &Limiter{pair: pair, address: address, id: id, spent: map[budget]time.Time{}, known: map[budget]time.Time{}}
}

// Network is the part of an address that one caller has at its command: an
// IPv4 address, or the /64 of an IPv6 address.
func Network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, err := a.Prefix(64)
		if err == nil {
			return p.String()
		}
	}
	return a.String()
}

// Attempt is one try that has been let through.
type Attempt struct {
	l       *Limiter
	charged []charge
	pair    budget
}

type charge struct {
	b budget
	r Rate
}

// Begin charges a try of id from network, or says how long to wait.
func (l *Limiter) Begin(id, network string, now time.Time) (a *Attempt, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(now)
	a = &Attempt{l: l, pair: budget{id, network}}
	charges := []charge{{a.pair, l.pair}, {budget{"", network}, l.address}}
	if _, known := l.known[a.pair]; !known {
		charges = append(charges, charge{budget{id, ""}, l.id})
	}
	for _, c := range charges {
		wait = max(wait, l.wait(c, now))
	}
	if wait > 0 {
		return nil, wait
	}
	if len(l.spent) > maxBudgets-len(charges) {
		return nil, refusedWait
	}
	for _, c := range charges {
		l.spent[c.b] = later(l.spent[c.b], now).Add(c.r.Every)
	}
	a.charged = charges
	return a, 0
}

// wait is how long it is until one more try fits into the budget.
func (l *Limiter) wait(c charge, now time.Time) time.Duration {
	allowance := time.Duration(c.r.Burst-1) * c.r.Every
	return later(l.spent[c.b], now).Sub(now) - allowance
}

// Succeed gives the charge back and remembers where id logs in from.
func (a *Attempt) Succeed(now time.Time) {
	a.l.mu.Lock()
	defer a.l.mu.Unlock()
	a.credit()
	if len(a.l.known) < maxKnown {
		a.l.known[a.pair] = now
	}
}

// Cancel gives the charge back for a try that was not decided.
func (a *Attempt) Cancel() {
	a.l.mu.Lock()
	defer a.l.mu.Unlock()
	a.credit()
}

func (a *Attempt) credit() {
	for _, c := range a.charged {
		if t, ok := a.l.spent[c.b]; ok {
			a.l.spent[c.b] = t.Add(-c.r.Every)
		}
	}
}

func (l *Limiter) drop(now time.Time) {
	if now.Before(l.next) {
		return
	}
	l.next = now.Add(dropEvery)
	for b, t := range l.spent {
		if !t.After(now) {
			delete(l.spent, b)
		}
	}
	for b, t := range l.known {
		if now.Sub(t) > knownFor {
			delete(l.known, b)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
