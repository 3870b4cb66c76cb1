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
	revision uint64 // of what was revoked, when it began
	done     chan struct{}
	answer   *Answer
	err      error
}

// join returns what call returns for key, made once for all who ask meanwhile,
// unless something was revoked since. A call may have ended between the
// caller's miss and now: kept is what it has left, if anything.
func (f *flights) join(ctx context.Context, key string, revision uint64, kept, call func() (*Answer, error)) (*Answer, error) {
	f.mu.Lock()
	fl, ok := f.calls[key]
	if !ok || fl.revision != revision {
		if a, err := kept(); a != nil || err != nil {
			f.mu.Unlock()
			return a, err
		}
		fl = &flight{revision: revision, done: make(chan struct{})}
		f.calls[key] = fl
		go func() {
			fl.answer, fl.err = call()
			f.leave(key, fl)
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

func (f *flights) leave(key string, fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls[key] == fl {
		delete(f.calls, key)
	}
}
