package client

import (
	"context"
	"sync"
)

// flights let concurrent misses for one token make one call. The call belongs
// to nobody: whoever stops waiting for it fails alone.
type flights struct {
	mu    sync.Mutex
	calls map[string]*flight
}

type flight struct {
	done   chan struct{}
	answer *Answer
	err    error
}

// join returns what call returns for key, made once for all who ask meanwhile.
func (f *flights) join(ctx context.Context, key string, call func() (*Answer, error)) (*Answer, error) {
	f.mu.Lock()
	fl, ok := f.calls[key]
	if !ok {
		fl = &flight{done: make(chan struct{})}
		f.calls[key] = fl
		go func() {
			fl.answer, fl.err = call()
			f.mu.Lock()
			delete(f.calls, key)
			f.mu.Unlock()
			close(fl.done)
		}()
	}
	f.mu.Unlock()
	select {
	case <-fl.done:
		return fl.answer, fl.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
