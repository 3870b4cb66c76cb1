package engine

import (
	"errors"
	"iter"
	"sync/atomic"
)

// refusals count the tokens that were refused, by code.
type refusals [len(codes)]atomic.Uint64

func (r *refusals) add(err error) {
	for i := range codes {
		if errors.Is(err, codes[i].err) {
			r[i].Add(1)
			return
		}
	}
}

// refuse counts err for i, or for no issuer where that is nil, and returns it.
func (e *Engine) refuse(i *issuer, err error) error {
	switch {
	case err == nil:
	case i == nil:
		e.refusals.add(err)
	default:
		i.refusals.add(err)
	}
	return err
}

// A Refusals is how many tokens of an issuer were refused for one reason.
type Refusals struct {
	Issuer string // its name, "" for tokens of no issuer that is known
	Code   string
	Count  func() uint64 // since the Engine was made
}

// Refusals yields a count for every issuer and code, and for tokens of no issuer.
func (e *Engine) Refusals() iter.Seq[Refusals] {
	return func(yield func(Refusals) bool) {
		of := func(name string, r *refusals) bool {
			for i := range codes {
				if !yield(Refusals{name, codes[i].code, r[i].Load}) {
					return false
				}
			}
			return true
		}
		if !of("", &e.refusals) {
			return
		}
		for _, i := range e.all() {
			if !of(i.name, &i.refusals) {
				return
			}
		}
	}
}
