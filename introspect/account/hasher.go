package account

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// workTime is how long the processes of Outsource may take over one turn: 200
// times what a hash of DefaultParams does, so that one of low priority among
// others that are busy is in time, and less than the 10 seconds after which a
// gateway no longer waits for the answer to a login.
const workTime = 8 * time.Second

var (
	// ErrBusy: too many logins are waiting for their turn.
	ErrBusy = errors.New("too many logins at once")
	// ErrHung: a hashing process took too long and was killed. It is ErrBusy
	// as well, since all that helps who logs in is to come back.
	ErrHung = fmt.Errorf("%w: a hashing process did not answer within %v", ErrBusy, workTime)
)

// Hasher hashes and checks passwords, a bounded number at a time with a bounded
// number waiting, so that logins can take neither all memory nor all
// processors. It is safe for concurrent use.
type Hasher struct {
	params  Params
	free    chan engine // one for each that may hash now
	cancel  func()      // ends the processes of all engines
	waiting atomic.Int64
	lost    atomic.Uint64
	queue   int64
	wait    time.Duration
	work    time.Duration // for the processes in one turn
	dummy   *hash
}

// NewHasher returns a Hasher that runs at most concurrency hashes at once, lets
// queue callers wait, and none of them for longer than wait.
func NewHasher(p Params, concurrency, queue int, wait time.Duration) (*Hasher, error) {
	dummy, err := parseHash(newHash([]byte("no password"), p))
	if err != nil {
		return nil, err
	}
	h := &Hasher{params: p, free: make(chan engine, concurrency), cancel: func() {}, queue: int64(queue), wait: wait, work: workTime, dummy: dummy}
	for range concurrency {
		h.free <- here{}
	}
	return h, nil
}

// Outsource has passwords hashed by processes of low priority instead, each of
// which runs command, and that Work. What one that dies was at is given to
// another, once; one that takes longer than workTime is killed. It is called
// once, before anything is hashed; Close ends them.
func (h *Hasher) Outsource(command ...string) error {
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	for range cap(h.free) {
		w := &worker{ctx: ctx, command: command, lost: &h.lost}
		if err := w.start(); err != nil {
			h.Close()
			return fmt.Errorf("hashing process: %w", err)
		}
		<-h.free
		h.free <- w
	}
	return nil
}

// Close ends the processes of Outsource. What they are hashing fails, and so
// does what they are asked after it.
func (h *Hasher) Close() {
	h.cancel()
	all := make([]engine, cap(h.free)) // at once: one that is given back could be had again instead of another
	for i := range all {
		all[i] = <-h.free
		all[i].end()
	}
	for _, e := range all {
		h.free <- e
	}
}

// turn waits for an engine; the caller gives it back.
func (h *Hasher) turn(ctx context.Context) (engine, error) {
	select {
	case e := <-h.free:
		return e, nil
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
	case e := <-h.free:
		return e, nil
	case <-ctx.Done():
		return nil, ErrBusy
	}
}

// Hash returns the hash to keep of a new password.
func (h *Hasher) Hash(ctx context.Context, password []byte) (string, error) {
	if len(password) == 0 || len(password) > MaxPassword {
		return "", ErrPasswordLength
	}
	e, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer func() { h.free <- e }()
	return e.hash(password, h.params, time.Now().Add(h.work))
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
	e, err := h.turn(ctx)
	if err != nil {
		return false, "", err
	}
	defer func() { h.free <- e }()
	by := time.Now().Add(h.work)
	ok, err = e.verify(kept, password, by)
	if ok = ok && phc != ""; ok && !kept.current(h.params) {
		better, err = e.hash(password, h.params, by)
	}
	return ok, better, err
}

// Waiting is how many callers wait for their turn.
func (h *Hasher) Waiting() int64 { return h.waiting.Load() }

// Lost is how many hashing processes have had to be replaced: they died, or
// took too long.
func (h *Hasher) Lost() uint64 { return h.lost.Load() }
