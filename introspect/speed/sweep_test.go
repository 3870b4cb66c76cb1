package speed

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/store/pebble"
)

// sweep sweeps the million.
func sweep(b *testing.B, s *pebble.Store, now int64) {
	begin := time.Now()
	if n, err := store.SweepAll(b.Context(), s, now+7200); err != nil || n < million {
		b.Fatal(n, err)
	}
	b.ReportMetric(time.Since(begin).Seconds(), "s/sweep")
}

// waits reports how long others wait while work is done: who looks up a token
// held in memory, a token held on disk, and who is issued one, which waits for
// a sync. What the machine itself makes them wait shows in quiet work.
func waits(b *testing.B, s *pebble.Store, now int64, name string, work func()) {
	done := make(chan struct{})
	var all sync.WaitGroup
	next := kept + million // the first number that is free
	if name == "quiet" {
		next += million
	}
	probe := func(what string, call func(i int) error) {
		var took []time.Duration
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					slices.Sort(took)
					b.ReportMetric(ms(took[len(took)*999/1000]), "ms/"+what+"-"+name+"-p99.9")
					b.ReportMetric(ms(took[len(took)-1]), "ms/"+what+"-"+name+"-max")
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
	live := issued(next+million/2, now+90_000)
	if err := s.Issue(b.Context(), live); err != nil {
		b.Fatal(err)
	}
	probe("memory", func(int) error { _, err := s.Access(b.Context(), live.Digest, now); return err })
	probe("disk", func(i int) error { _, err := s.Access(b.Context(), digest(i*7919%kept), now); return err })
	probe("issue", func(i int) error { return s.Issue(b.Context(), issued(next+i, now+90_000)) })
	work()
	close(done)
	all.Wait()
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
