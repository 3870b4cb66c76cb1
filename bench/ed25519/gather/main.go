package main

import (
	std "crypto/ed25519"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/tollgate/tollgate/bench/interleave"
	"github.com/tollgate/tollgate/engine/ed25519"
)

func main() {
	rounds := flag.Int("rounds", 40, "rounds of the measurement")
	slice := flag.Duration("slice", 10*time.Millisecond, "how long a case runs in a round")
	flag.Parse()

	private := std.NewKeyFromSeed(make([]byte, std.SeedSize))
	key, err := ed25519.NewPublicKey(private[32:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "gather:", err)
		os.Exit(1)
	}
	message := make([]byte, 400)
	sig := std.Sign(private, message)

	fmt.Printf("backend %s, %d processors; time a request on all processors together, min / p25 / median\n", ed25519.Backend(), runtime.GOMAXPROCS(0))
	for _, work := range []time.Duration{0, 10 * time.Microsecond} {
		spins := spinsFor(work)
		var cases []interleave.Case
		for _, at := range []int{1, 2, 8, 32, 128} {
			for _, v := range []struct {
				name string
				verifier
			}{{"on the spot", direct{}}, {"gathered, 1 yield", newGatherer(1)}, {"gathered, 4 yields", newGatherer(4)}} {
				cases = append(cases, interleave.Case{
					Name: fmt.Sprintf("work %v, %d at once, %s", work, at, v.name),
					Run: func(n int) {
						var all sync.WaitGroup
						for i := range at {
							all.Go(func() {
								for range (n + at - 1 - i) / at {
									spin(spins)
									if !v.verify(key, message, sig) {
										panic("a good signature is refused")
									}
								}
							})
						}
						all.Wait()
					},
				})
			}
		}
		for _, r := range interleave.Measure(cases, interleave.Options{Rounds: *rounds, Slice: *slice, Seed: 1}) {
			fmt.Printf("%-45s %8.3f %8.3f %8.3f µs  %.1f allocations\n", r.Name, r.Min/1e3, r.P25/1e3, r.Median/1e3, r.Allocs)
		}
	}
}

// spin works for n steps, and does not give way.
func spin(n int) {
	x := uint64(n)
	for range n {
		x = x*6364136223846793005 + 1442695040888963407
	}
	if x == 0 {
		runtime.Gosched() // so that the loop is not for nothing
	}
}

// spinsFor returns how many steps take about d.
func spinsFor(d time.Duration) int {
	const probe = 1 << 16
	best := time.Duration(1 << 62)
	for range 100 {
		start := time.Now()
		spin(probe)
		best = min(best, time.Since(start))
	}
	return int(int64(probe) * int64(d) / int64(best))
}
