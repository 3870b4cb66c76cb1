package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// parts are the servers of one process. They stop in the opposite order of
// their start, each when the one before has finished, so that requests under
// way still find what they need.
type parts struct {
	list  []*part
	fail  chan struct{} // closed when one ends by itself
	first sync.Once
}

type part struct {
	name string
	stop context.CancelFunc
	done chan struct{}
	err  error
}

func (p *parts) failed() <-chan struct{} {
	if p.fail == nil {
		p.fail = make(chan struct{})
	}
	return p.fail
}

func (p *parts) start(name string, serve func(context.Context) error) {
	p.failed()
	ctx, stop := context.WithCancel(context.Background())
	one := &part{name: name, stop: stop, done: make(chan struct{})}
	p.list = append(p.list, one)
	go func() {
		defer close(one.done)
		one.err = serve(ctx)
		if ctx.Err() == nil {
			if one.err == nil {
				one.err = errors.New("ended")
			}
			p.first.Do(func() { close(p.fail) })
		}
	}()
}

// stop ends all parts and returns what went wrong in them.
func (p *parts) stop() error {
	var errs []error
	for _, one := range slices.Backward(p.list) {
		one.stop()
		<-one.done
		if one.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", one.name, one.err))
		}
	}
	return errors.Join(errs...)
}
