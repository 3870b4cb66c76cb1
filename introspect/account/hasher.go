package account

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrBusy: too many logins are waiting for their turn.
var ErrBusy = errors.New("too many logins at once")

// Hasher hashes and checks passwords, a bounded number at a time with a bounded
// number waiting, so that logins can take neither all memory nor all
// processors. It is safe for concurrent use.
type Hasher struct {
	params  Params
	turns   chan struct{}
	waiting atomic.Int64
	queue   int64
	wait    time.Duration
	dummy   *hash
}

// NewHasher returns a Hasher that runs at most concurrency hashes at once, lets
// queue callers wait, and none of them for longer than wait.
func NewHasher(p Params, concurrency, queue int, wait time.Duration) (*Hasher, error) {
	dummy, err := parseHash(newHash([]byte("no password"), p))
	if err != nil {
		return nil, err
	}
	return &Hasher{params: p, turns: make(chan struct{}, concurrency), queue: int64(queue), wait: wait, dummy: dummy}, nil
}

// turn waits for one of the turns; the caller gives it back.
func (h *Hasher) turn(ctx context.Context) (done func(), err error) {
	done = func() { <-h.turns }
	select {
	case h.turns <- struct{}{}:
		return done, nil
	default:
	}
	if h.waiting.Add(1) > h.queue {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer h.waiting.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, h.wait)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		return done, nil
	case <-ctx.Done():
		return nil, ErrBusy
	}
}

// Hash returns the hash to keep of a new password.
func (h *Hasher) Hash(ctx context.Context, password []byte) (string, error) {
	if len(password) == 0 || len(password) > MaxPassword {
		return "", ErrPasswordLength
	}
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return newHash(password, h.params), nil
}

// Check reports whether password is the one that was hashed, and the hash to
// keep instead where the kept one is not what Hash makes today. An empty hash,
// for a user whom nobody knows, takes as long as any and matches nothing.
func (h *Hasher) Check(ctx context.Context, phc string, password []byte) (ok bool, better string, err error) {
	if len(password) == 0 || len(password) > MaxPassword {
		return false, "", ErrPasswordLength
	}
	kept := h.dummy
	if phc != "" {
		if kept, err = parseHash(phc); err != nil {
			return false, "", err
		}
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, "", err
	}
	defer done()
	ok = kept.matches(password) && phc != ""
	if ok && !kept.current(h.params) {
		better = newHash(password, h.params)
	}
	return ok, better, nil
}

// Waiting is how many callers wait for their turn.
func (h *Hasher) Waiting() int64 { return h.waiting.Load() }
