package pebble

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// All that wait while a commit is under way share the next ones, in the order in
// which they came, and each learns what came of its own group.
func TestQueueGroupsWhoWaits(t *testing.T) {
	const waiting = 2*maxGroup + 10
	q := make(queue[int], queueLength)
	var groups [][]int
	begun, goOn := make(chan struct{}), make(chan struct{})
	failure := errors.New("the second commit")
	var worker sync.WaitGroup
	worker.Go(func() {
		q.work(func(calls []int) error {
			groups = append(groups, slices.Clone(calls))
			switch len(groups) {
			case 1:
				close(begun)
				<-goOn
			case 2:
				return failure
			}
			return nil
		})
	})
	var callers sync.WaitGroup
	results := make([]error, 1+waiting)
	call := func(i int) { callers.Go(func() { results[i] = q.do(i) }) }
	call(0)
	<-begun
	for i := 1; i <= waiting; i++ {
		call(i)
		for len(q) < i {
			time.Sleep(time.Millisecond)
		}
	}
	close(goOn)
	callers.Wait()
	close(q)
	worker.Wait()
	var sizes []int
	for i, call := range slices.Concat(groups...) {
		if call != i {
			t.Fatalf("call %d came as number %d", call, i)
		}
	}
	for _, g := range groups {
		sizes = append(sizes, len(g))
	}
	if !slices.Equal(sizes, []int{1, maxGroup, maxGroup, 10}) {
		t.Errorf("groups of %v", sizes)
	}
	for i, err := range results {
		want := error(nil)
		if 1 <= i && i <= maxGroup {
			want = failure
		}
		if err != want {
			t.Errorf("call %d: %v, want %v", i, err, want)
		}
	}
}
