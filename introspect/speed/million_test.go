package speed

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/store/pebble"
)

const (
	million = 1_000_000
	kept    = 50_000 // tokens beside them that do not expire in a sweep
	parts   = 5      // of the million, which expire one after the other
)

func digest(i int) store.Digest {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(i))
	return store.DigestOf(n[:])
}

// fill issues n tokens, numbered from first on.
func fill(b *testing.B, s *pebble.Store, first, n int, expires int64) {
	b.Helper()
	var all sync.WaitGroup
	const writers = 256
	for w := range writers {
		all.Go(func() {
			for i := first + w; i < first+n; i += writers {
				if err := s.Issue(b.Context(), issued(i, expires)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// expiry is when the i-th part of the million expires.
func expiry(now int64, i int) int64 { return now + 3600 + int64(i) }

func issued(i int, expires int64) *store.Issued {
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	return &store.Issued{Digest: digest(i), Token: &store.Token{
		ID: id, Session: id, Subject: "customer-" + id[30:], ClientID: "first-party", Scope: "read write",
		Roles: []string{"customer"}, Audience: []string{"orders"}, Person: true, Issued: expires - 3600, Expires: expires,
	}}
}

// BenchmarkMillionTokens reports what a million live tokens cost in memory and
// on disk, how long looking one up takes where it is held in memory and where
// it is not, how long others wait while they are swept, a part of them at a time,
// and, for what the machine itself makes them wait, between the parts, and what
// is left on disk afterwards.
func BenchmarkMillionTokens(b *testing.B) {
	ctx := b.Context()
	dir := b.TempDir()
	s, err := pebble.Open(dir, pebble.Options{HotTokens: 100_000})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	now := time.Now().Unix()
	begin := time.Now()
	fill(b, s, 0, kept, now+90_000)
	for i := range parts {
		fill(b, s, kept+i*million/parts, million/parts, expiry(now, i))
	}
	rate := float64(kept+million) / time.Since(begin).Seconds()
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
			j := kept + i*7919%million
			cold = append(cold, float64(lookup(j)))
			hot = append(hot, float64(lookup(j)))
		}
	}
	b.ReportMetric(rate, "tokens/s")
	b.ReportMetric(float64(mem.HeapInuse)/(1<<20), "heap-MiB")
	b.ReportMetric(float64(before)/(1<<20), "disk-MiB")
	b.ReportMetric(median(cold), "ns/first-lookup")
	b.ReportMetric(median(hot), "ns/second-lookup")
	quiet, swept, next := waits{}, waits{}, kept+million
	var sweeping time.Duration
	for i := range parts {
		time.Sleep(3 * time.Second) // Pebble may still compact what has been issued
		quiet.add(b, s, now, &next, func() { time.Sleep(5 * time.Second) })
		swept.add(b, s, now, &next, func() { sweeping += sweep(b, s, expiry(now, i)) })
	}
	quiet.report(b, "quiet")
	swept.report(b, "sweep")
	b.ReportMetric(sweeping.Seconds(), "s/sweep")
	b.ReportMetric(float64(size(b, dir))/(1<<20), "disk-MiB-after-sweep")
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
