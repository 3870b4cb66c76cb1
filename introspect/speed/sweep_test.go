package speed

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/store/pebble"
)

// sweep sweeps a part of the million.
func sweep(b *testing.B, s *pebble.Store, now int64) time.Duration {
	begin := time.Now()
	if n, err := store.SweepAll(b.Context(), s, now); err != nil || n < million/parts {
		b.Fatal(n, err)
	}
	return time.Since(begin)
}

// waits are how long others waited for what.
type waits map[string][]time.Duration

// add adds how long others wait while work is done: who looks up a token held
// in memory, a token held on disk, who is issued one, which waits for a sync,
// and who wants nothing of the store but to be woken. Tokens are numbered from
// behind next on.
func (w waits) add(b *testing.B, s *pebble.Store, now int64, next *int, work func()) {
	done := make(chan struct{})
	var all sync.WaitGroup
	var mu sync.Mutex
	probe := func(what string, call func(i int) error) {
		var took []time.Duration
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					mu.Lock()
					w[what] = append(w[what], took...)
					mu.Unlock()
					return
				case <-time.After(500 * time.Microsecond):
				}
				begin := time.Now()
				if err := call(i); err != nil {
					b.Error(err)
				}
				took = append(took, time.Since(begin))
			}
		})
	}
	*next++
	live := issued(*next, now+90_000)
	if err := s.Issue(b.Context(), live); err != nil {
		b.Fatal(err)
	}
	probe("memory", func(int) error { _, err := s.Access(b.Context(), live.Digest, now); return err })
	probe("disk", func(i int) error { _, err := s.Access(b.Context(), digest(i*7919%kept), now); return err })
	probe("issue", func(int) error { *next++; return s.Issue(b.Context(), issued(*next, now+90_000)) })
	probe("wake", func(int) error { time.Sleep(50 * time.Microsecond); return nil })
	work()
	close(done)
	all.Wait()
}

// report reports the longest waits, and how many of a thousand were over 5 ms.
func (w waits) report(b *testing.B, name string) {
	for what, took := range w {
		slices.Sort(took)
		over, _ := slices.BinarySearch(took, 5*time.Millisecond)
		b.ReportMetric(ms(took[len(took)*99/100]), "ms/"+what+"-"+name+"-p99")
		b.ReportMetric(ms(took[len(took)*999/1000]), "ms/"+what+"-"+name+"-p99.9")
		b.ReportMetric(ms(took[len(took)-1]), "ms/"+what+"-"+name+"-max")
		b.ReportMetric(1000*float64(len(took)-over)/float64(len(took)), "per-mille-over-5ms/"+what+"-"+name)
	}
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
