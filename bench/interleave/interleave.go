// Package interleave times cases against each other in one process. Timings
// on shared machines drift by tens of percent within minutes, so every round
// runs every case once, in an order drawn anew, and only figures of the same
// run are compared: the minimum, the first quartile and the median of the
// rounds.
package interleave

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// A Case is one row: Run performs n operations.
type Case struct {
	Name string
	Run  func(n int)
}

// A Row is what was measured of a Case, in nanoseconds an operation.
type Row struct {
	Name             string
	Min, P25, Median float64
	Allocs, Bytes    float64   // an operation
	Rounds           []float64 // in the order measured
}

// Options of Measure.
type Options struct {
	Rounds   int           // at least 1
	Slice    time.Duration // what one case runs for in a round
	Seed     uint64        // of the order
	Progress func(done, total int)
}

// Measure runs the cases, one after the other in each round.
func Measure(cases []Case, o Options) []Row {
	rows := make([]Row, len(cases))
	ops := make([]int, len(cases))
	for i, c := range cases {
		rows[i].Name = c.Name
		ops[i] = calibrate(c, o.Slice)
		rows[i].Allocs, rows[i].Bytes = allocations(c, ops[i])
	}
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	for r := range o.Rounds {
		for _, i := range rng.Perm(len(cases)) {
			runtime.GC() // no case pays for another's garbage
			start := time.Now()
			cases[i].Run(ops[i])
			rows[i].Rounds = append(rows[i].Rounds, float64(time.Since(start).Nanoseconds())/float64(ops[i]))
		}
		if o.Progress != nil {
			o.Progress(r+1, o.Rounds)
		}
	}
	for i := range rows {
		sorted := slices.Sorted(slices.Values(rows[i].Rounds))
		rows[i].Min, rows[i].P25, rows[i].Median = sorted[0], sorted[len(sorted)/4], sorted[len(sorted)/2]
	}
	return rows
}

// calibrate returns how many operations of c take about slice.
func calibrate(c Case, slice time.Duration) int {
	for n := 1; ; n *= 2 {
		start := time.Now()
		c.Run(n)
		if took := time.Since(start); took >= slice/4 {
			return max(1, int(float64(n)*float64(slice)/float64(took)))
		}
	}
}

func allocations(c Case, n int) (allocs, bytes float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.Run(n)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
}
