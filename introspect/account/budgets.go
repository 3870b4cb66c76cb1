package account

import (
	"context"
	"sync"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
)

// budgets are store.Budgets of this process alone.
type budgets struct {
	now func() time.Time

	mu    sync.Mutex
	spent map[string]time.Time // when the budget will be whole again, which is ahead
	known map[string]time.Time // until when
	next  time.Time            // when to drop what has become whole
	tried time.Time            // when what has become whole was dropped last
}

const (
	maxBudgets  = 1 << 20 // held at once; beyond that attempts are refused
	maxKnown    = 1 << 18
	dropEvery   = time.Minute
	refusedWait = time.Minute
	fullEvery   = time.Second // how often a full map is looked through
)

// NewBudgets returns budgets that are kept in this process alone, by the clock now.
func NewBudgets(now func() time.Time) store.Budgets { return newBudgets(now) }

func newBudgets(now func() time.Time) *budgets {
	return &budgets{now: now, spent: map[string]time.Time{}, known: map[string]time.Time{}}
}

// Spend implements store.Budgets.
func (b *budgets) Spend(_ context.Context, charges []store.Budget) (wait time.Duration, err error) {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(now, len(b.spent) > maxBudgets-len(charges))
	for _, c := range charges {
		allowance := time.Duration(c.Burst-1) * c.Every
		wait = max(wait, later(b.spent[c.Name], now).Sub(now)-allowance)
	}
	if wait > 0 {
		return wait, nil
	}
	if len(b.spent) > maxBudgets-len(charges) {
		return refusedWait, nil
	}
	for _, c := range charges {
		b.spent[c.Name] = later(b.spent[c.Name], now).Add(c.Every)
	}
	return 0, nil
}

// Refund implements store.Budgets. A budget that is whole again takes no room.
func (b *budgets) Refund(_ context.Context, charges []store.Budget) error {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range charges {
		t, ok := b.spent[c.Name]
		if !ok {
			continue
		}
		if t = t.Add(-c.Every); t.After(now) {
			b.spent[c.Name] = t
		} else {
			delete(b.spent, c.Name)
		}
	}
	return nil
}

// Note implements store.Budgets.
func (b *budgets) Note(_ context.Context, name string, lasts time.Duration) error {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.known[name]; known || len(b.known) < maxKnown {
		b.known[name] = now.Add(lasts)
	}
	return nil
}

// Noted implements store.Budgets.
func (b *budgets) Noted(_ context.Context, name string) (bool, error) {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known[name].After(now), nil
}

// drop forgets what is over, now and then, and more often while there is no room.
func (b *budgets) drop(now time.Time, full bool) {
	if now.Before(b.next) && !(full && now.Sub(b.tried) >= fullEvery) {
		return
	}
	b.next, b.tried = now.Add(dropEvery), now
	for name, t := range b.spent {
		if !t.After(now) {
			delete(b.spent, name)
		}
	}
	for name, t := range b.known {
		if !t.After(now) {
			delete(b.known, name)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
