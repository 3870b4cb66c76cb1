package main

import (
	std "crypto/ed25519"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tollgate/tollgate/engine/ed25519"
)

func main() {
	rounds := flag.Int("rounds", 40, "rounds of the measurement")
	requests := flag.Int("requests", 2560, "requests of a case in a round, a multiple of 128")
	flag.Parse()

	private := std.NewKeyFromSeed(make([]byte, std.SeedSize))
	key, err := ed25519.NewPublicKey(private[32:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "gather:", err)
		os.Exit(1)
	}
	message := make([]byte, 400)
	sig := std.Sign(private, message)

	fmt.Printf("backend %s, %d processors; processor time a request, user and system, min / p25 / median of %d rounds\n",
		ed25519.Backend(), runtime.GOMAXPROCS(0), *rounds)
	for _, work := range []time.Duration{0, 10 * time.Microsecond} {
		spins := spinsFor(work)
		var cases []func(n int)
		var names []string
		for _, at := range []int{1, 2, 8, 32, 128} {
			for _, v := range []struct {
				name string
				verifier
			}{{"on the spot", direct{}}, {"gathered, 1 yield", newGatherer(1)}, {"gathered, 4 yields", newGatherer(4)}} {
				names = append(names, fmt.Sprintf("work %v, %d at once, %s", work, at, v.name))
				cases = append(cases, func(n int) {
					var all sync.WaitGroup
					for range at {
						all.Go(func() {
							for range n / at {
								spin(spins)
								if !v.verify(key, message, sig) {
									panic("a good signature is refused")
								}
							}
						})
					}
					all.Wait()
				})
			}
		}
		for i, times := range measure(cases, *rounds, *requests) {
			fmt.Printf("%-42s %8.3f %8.3f %8.3f µs\n", names[i], times[0], times[len(times)/4], times[len(times)/2])
		}
	}
}

// measure runs every case once a round, in an order drawn anew, and returns what
// a request took in each round, least first: microseconds of processor time,
// which other programs on the machine hardly touch.
func measure(cases []func(n int), rounds, requests int) [][]float64 {
	rng := rand.New(rand.NewPCG(1, 1))
	times := make([][]float64, len(cases))
	for range rounds {
		for _, i := range rng.Perm(len(cases)) {
			runtime.GC()
			before := processorTime()
			cases[i](requests)
			times[i] = append(times[i], float64(processorTime()-before)/1e3/float64(requests))
		}
	}
	for _, t := range times {
		slices.Sort(t)
	}
	return times
}

func processorTime() (nanoseconds int64) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
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
