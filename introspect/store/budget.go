package store

import (
	"context"
	"time"
)

// A Budget lets Burst events happen at once and one more every interval after that
// (the generic cell rate algorithm).
type Budget struct {
	Name  string
	Burst int
	Every time.Duration
}

// Budgets are kept by a store that several instances of the service share, so that
// a limit holds for all of them together. Times are the store's own.
type Budgets interface {
	// Spend takes one event from each budget, or from none of them where one has
	// none left: then it says how long to wait. Of budgets that are not in one
	// place, some may be charged for a moment before they are given back.
	Spend(ctx context.Context, budgets []Budget) (wait time.Duration, err error)
	// Refund gives back what Spend took.
	Refund(ctx context.Context, budgets []Budget) error
	// Note remembers a name for as long as it says, and Noted asks for it.
	Note(ctx context.Context, name string, lasts time.Duration) error
	Noted(ctx context.Context, name string) (bool, error)
}
