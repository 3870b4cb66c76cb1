package ecdsa

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Verdicts hold while the collector runs all the time, stacks are grown and
// moved in mid-verification, and threads are interrupted in the assembly and
// share its registers: more of them run than there are processors.
func TestStress(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4 * runtime.NumCPU()))
	limit := 2 * time.Second
	if testing.Short() {
		limit /= 4
	}
	var stop atomic.Bool
	time.AfterFunc(limit, func() { stop.Store(true) })
	var rounds atomic.Int64
	verify := func(b backend) {
		const n = 13
		var keys [n]*PublicKey
		var digests, sigs [n][]byte
		var valid [n]bool
		for i := range n {
			keys[i], digests[i], sigs[i] = rfc6979.key, rfc6979.digest, rfc6979.good
			if i%2 == 1 {
				keys[i] = rfc6979.compact
			}
			if i%3 == 0 {
				sigs[i] = rfc6979.bad
			}
		}
		verifyBatch(b, keys[:], digests[:], sigs[:], valid[:])
		for i := range n {
			want := i%3 != 0
			if alone := keys[i].verify(b, digests[i], sigs[i]); valid[i] != want || alone != want {
				t.Errorf("%s: signature %d: %v in the batch, %v alone, want %v", b, i, valid[i], alone, want)
				stop.Store(true)
			}
		}
		rounds.Add(1)
	}
	var running sync.WaitGroup
	for i := range 4 * runtime.NumCPU() {
		running.Go(func() {
			for !stop.Load() {
				// On a stack of its own, which is small at first.
				done := make(chan []byte)
				go func() {
					verify(backends[i%len(backends)])
					done <- make([]byte, 1<<12)
				}()
				<-done
			}
		})
	}
	running.Go(func() {
		for !stop.Load() {
			if k, err := NewCompactPublicKey(rfc6979.public); err != nil || !k.Verify(rfc6979.digest, rfc6979.good) {
				t.Errorf("a new key: %v", err)
				stop.Store(true)
			}
			runtime.GC()
		}
	})
	running.Wait()
	if rounds.Load() == 0 {
		t.Error("nothing was verified")
	}
}
