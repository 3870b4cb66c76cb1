package pebble

import "runtime"

// A queue is where calls wait that are carried out together: all that have come
// in while one commit was under way share the next, and its sync.
type queue[T any] chan *queued[T]

type queued[T any] struct {
	call   T
	result chan error
}

const (
	queueLength = 1024
	maxGroup    = 128 // calls that share a commit
)

// do has call carried out and returns what came of it.
func (q queue[T]) do(call T) error {
	waiting := &queued[T]{call, make(chan error, 1)}
	q <- waiting
	return <-waiting.result
}

// work has commit carry out groups of calls, in the order in which they came,
// until the queue is closed. Each of a group gets the same result.
func (q queue[T]) work(commit func([]T) error) {
	for first := range q {
		// Whoever is about to call joins this group instead of waiting for all of
		// it, and there are fewer syncs.
		for n := -1; n < len(q) && n < maxGroup; {
			n = len(q)
			runtime.Gosched()
		}
		group := []*queued[T]{first}
	gather:
		for len(group) < maxGroup {
			select {
			case next, ok := <-q:
				if !ok {
					break gather
				}
				group = append(group, next)
			default:
				break gather
			}
		}
		calls := make([]T, len(group))
		for i, w := range group {
			calls[i] = w.call
		}
		err := commit(calls)
		for _, w := range group {
			w.result <- err
		}
	}
}
