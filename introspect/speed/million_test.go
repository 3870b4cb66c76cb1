package speed

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/store/pebble"
)

const million = 1_000_000

// BenchmarkMillionTokens reports what a million live tokens cost in memory and
// on disk, how long looking one up takes where it is held in memory and where
// it is not, and, while all of them are swept, the longest that a look-up takes
// and what is left on disk afterwards.
func BenchmarkMillionTokens(b *testing.B) {
	ctx := b.Context()
	dir := b.TempDir()
	s, err := pebble.Open(dir, pebble.Options{HotTokens: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	now := time.Now().Unix()
	digest := func(i int) store.Digest {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(i))
		return store.DigestOf(n[:])
	}
	var all sync.WaitGroup
	const writers = 256
	for w := range writers {
		all.Go(func() {
			for i := w; i < million; i += writers {
				id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
				token := &store.Token{
					ID: id, Session: id, Subject: "customer-" + id[30:], ClientID: "first-party", Scope: "read write",
					Roles: []string{"customer"}, Audience: []string{"orders"}, Person: true, Issued: now, Expires: now + 3600,
				}
				if err := s.Issue(ctx, &store.Issued{Digest: digest(i), Token: token}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	begin := time.Now()
	all.Wait()
	rate := million / time.Since(begin).Seconds()
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	before := size(b, dir)

	lookup := func(i int) time.Duration {
		begin := time.Now()
		if _, err := s.Access(ctx, digest(i), now); err != nil {
			b.Fatal(err)
		}
		return time.Since(begin)
	}
	var cold, hot []float64
	for b.Loop() {
		for i := range 20_000 {
			j := i * 7919 % million
			cold = append(cold, float64(lookup(j)))
			hot = append(hot, float64(lookup(j)))
		}
	}
	b.ReportMetric(rate, "tokens/s")
	b.ReportMetric(float64(mem.HeapInuse)/(1<<20), "heap-MiB")
	b.ReportMetric(float64(before)/(1<<20), "disk-MiB")
	b.ReportMetric(median(cold), "ns/first-lookup")
	b.ReportMetric(median(hot), "ns/second-lookup")
	sweep(b, s, now)
	b.ReportMetric(float64(size(b, dir))/(1<<20), "disk-MiB-after-sweep")
}

// sweep sweeps all that a benchmark has issued while somebody looks tokens up,
// for whom they have not expired.
func sweep(b *testing.B, s *pebble.Store, now int64) {
	live := store.DigestOf([]byte("live"))
	ctx := context.Background()
	err := s.Issue(ctx, &store.Issued{Digest: live, Token: &store.Token{ID: "live", Issued: now, Expires: now + 90_000}})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	var waits []float64
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(100 * time.Microsecond):
			}
			begin := time.Now()
			if _, err := s.Access(ctx, live, now); err != nil {
				b.Error(err)
				return
			}
			waits = append(waits, float64(time.Since(begin)))
		}
	})
	begin := time.Now()
	for {
		n, err := s.Sweep(ctx, now+7200, 512)
		if err != nil {
			b.Fatal(err)
		}
		if n < 512 {
			break
		}
	}
	b.ReportMetric(time.Since(begin).Seconds(), "s/sweep")
	close(done)
	all.Wait()
	slices.Sort(waits)
	b.ReportMetric(waits[len(waits)*999/1000]/1e6, "ms/lookup-in-sweep-p99.9")
	b.ReportMetric(waits[len(waits)-1]/1e6, "ms/lookup-in-sweep-max")
}

func size(b *testing.B, dir string) (n int64) {
	b.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // a file that has just been compacted away
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
