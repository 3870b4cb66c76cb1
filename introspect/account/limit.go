package account

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
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
// An attempt is charged when it begins, so that attempts at the same time are
// all counted, and credited back when it succeeds.
type Limiter struct {
	pair, address, id Rate
	budgets           store.Budgets
}

// knownFor is how long an address is known after a login from it.
const knownFor = 30 * 24 * time.Hour

// NewLimiter returns a Limiter with the given rates. What has been spent is kept in
// budgets.
func NewLimiter(pair, address, id Rate, budgets store.Budgets) *Limiter {
	return &Limiter{pair: pair, address: address, id: id, budgets: budgets}
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

// Attempt is one try that has been let through. Succeed or Cancel ends it; one that
// is left alone has failed.
type Attempt struct {
	l       *Limiter
	charged []store.Budget
	pair    string
}

// Begin charges a try of id from network, or says how long to wait. An error means
// that what was spent is not known, and that nobody may try.
func (l *Limiter) Begin(ctx context.Context, id, network string) (a *Attempt, wait time.Duration, err error) {
	a = &Attempt{l: l, pair: "pair\x00" + id + "\x00" + network}
	a.charged = []store.Budget{
		{Name: a.pair, Burst: l.pair.Burst, Every: l.pair.Every},
		{Name: "address\x00" + network, Burst: l.address.Burst, Every: l.address.Every},
	}
	known, err := l.budgets.Noted(ctx, a.pair)
	if err != nil {
		return nil, 0, err
	}
	if !known {
		a.charged = append(a.charged, store.Budget{Name: "id\x00" + id, Burst: l.id.Burst, Every: l.id.Every})
	}
	wait, err = l.budgets.Spend(ctx, a.charged)
	if wait > 0 || err != nil {
		return nil, wait, err
	}
	return a, 0, nil
}

// Succeed gives the charge back and remembers where id logs in from.
func (a *Attempt) Succeed(ctx context.Context) error {
	return errors.Join(a.Cancel(ctx), a.l.budgets.Note(ctx, a.pair, knownFor))
}

// Cancel gives the charge back for a try that was not decided.
func (a *Attempt) Cancel(ctx context.Context) error { return a.l.budgets.Refund(ctx, a.charged) }
