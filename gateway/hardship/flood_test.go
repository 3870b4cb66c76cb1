package hardship

import (
	"bufio"
	"errors"
	"net"
	"sync"
	"time"
)

// A flood is the same request over and over, and how it was answered.
type flood struct {
	Addr    string
	Request []byte
	Conns   int
	Pause   time.Duration // after an answer
	Time    time.Duration

	Statuses map[int]int
}

// run sends requests over all connections until the time is over.
func (f *flood) run() error {
	f.Statuses = map[int]int{}
	end := time.Now().Add(f.Time)
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	for range f.Conns {
		all.Go(func() {
			statuses, err := f.over(end)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			for s, n := range statuses {
				f.Statuses[s] += n
			}
		})
	}
	all.Wait()
	return failed
}

func (f *flood) over(end time.Time) (map[int]int, error) {
	c, err := net.Dial("tcp", f.Addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	statuses := map[int]int{}
	for r := bufio.NewReader(c); time.Now().Before(end); time.Sleep(f.Pause) {
		status, err := ask(c, r, f.Request)
		if err != nil {
			return nil, err
		}
		statuses[status]++
	}
	return statuses, nil
}

// rate is how many requests were answered in a second.
func (f *flood) rate() float64 {
	n := 0
	for _, k := range f.Statuses {
		n += k
	}
	return float64(n) / f.Time.Seconds()
}
