package orders

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"
)

// Bounds on what the book keeps in memory.
const (
	maxOrders  = 100_000
	maxReaders = 100
	maxListed  = 100 // orders in one answer, the newest
)

// The reasons for which the book refuses.
var (
	// ErrNotFound: no such order, or none that the caller may see.
	ErrNotFound = errors.New("no such order")
	// ErrForbidden: the caller sees the order and may not do this with it.
	ErrForbidden = errors.New("only the owner of the order may do this")
	// ErrFull: a bound of the book is reached.
	ErrFull = errors.New("no room for more")
)

// A Book keeps the orders. Every method asks the order's list first.
type Book struct {
	mu     sync.RWMutex
	byID   map[string]*Order
	placed []*Order // in the order they came
}

// NewBook returns an empty Book.
func NewBook() *Book { return &Book{byID: map[string]*Order{}} }

// Place records an order that c will own.
func (b *Book) Place(c Caller, item string, now time.Time) (Order, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.placed) >= maxOrders {
		return Order{}, ErrFull
	}
	// Identifiers that can be counted up would tell how much is sold.
	o := &Order{ID: rand.Text(), Item: item, Owner: c.Subject, Created: now.UTC()}
	b.byID[o.ID] = o
	b.placed = append(b.placed, o)
	return o.copy(), nil
}

// Get returns the order, or ErrNotFound where c may not see it.
func (b *Book) Get(c Caller, id string) (Order, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o := b.byID[id]
	if o == nil || !o.MayRead(c) {
		return Order{}, ErrNotFound
	}
	return o.copy(), nil
}

// Share lets reader see the order.
func (b *Book) Share(c Caller, id, reader string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.byID[id]
	switch {
	case o == nil || !o.MayRead(c):
		return ErrNotFound
	case !o.MayShare(c):
		return ErrForbidden
	case slices.Contains(o.SharedWith, reader):
		return nil
	case len(o.SharedWith) >= maxReaders:
		return ErrFull
	}
	o.SharedWith = append(o.SharedWith, reader)
	return nil
}

// Mine lists the orders that c owns or that are shared with it, the newest
// first. The role admin adds nothing here: All is for that.
func (b *Book) Mine(c Caller) []Order {
	plain := Caller{Subject: c.Subject}
	return b.list(func(o *Order) bool { return o.MayRead(plain) })
}

// All lists every order that c may see, the newest first.
func (b *Book) All(c Caller) []Order {
	return b.list(func(o *Order) bool { return o.MayRead(c) })
}

func (b *Book) list(show func(*Order) bool) []Order {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := []Order{}
	for _, o := range slices.Backward(b.placed) {
		if len(list) == maxListed {
			break
		}
		if show(o) {
			list = append(list, o.copy())
		}
	}
	return list
}

// CountSince counts the orders placed at or after t.
func (b *Book) CountSince(t time.Time) int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	n := 0
	for _, o := range slices.Backward(b.placed) {
		if o.Created.Before(t) {
			break
		}
		n++
	}
	return n
}

// copy is what leaves the lock.
func (o *Order) copy() Order {
	c := *o
	c.SharedWith = slices.Clone(o.SharedWith)
	return c
}
