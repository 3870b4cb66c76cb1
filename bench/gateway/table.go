package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
)

// table prints what was measured.
func (w *world) table(rows []*row) {
	ref := rows[0]
	load := fmt.Sprintf("%d requests a second", w.rate)
	if w.rate == 0 {
		load = "as many requests as are answered"
	}
	fmt.Printf("%d rounds of %v, %d connections, %s, answers of %d bytes\n\n", w.rounds, w.round, w.conns, load, answerSize)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "gateway\tCPU-µs a request\tleast\tto reference\trequests/s\t\t")
	for _, r := range rows {
		ratios := make([]float64, len(r.cost))
		for i := range ratios {
			ratios[i] = r.cost[i] / ref.cost[i]
		}
		fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.2f\t%.0f\t  %s\t\n", r.name, median(r.cost), slices.Min(r.cost), median(ratios), median(r.rate), r.note)
	}
	t.Flush()
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
