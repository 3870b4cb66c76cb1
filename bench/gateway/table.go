package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
)

// table prints what was measured.
func (w *world) table(rows []*row) {
	fmt.Printf("%d rounds of %v, %d connections, answers of %d bytes; CPU-µs a request, median and least, and what they are to the reference\n\n",
		w.rounds, w.round, w.conns, answerSize)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	ref := rows[0]
	fmt.Fprint(t, "\t")
	if w.rate > 0 {
		fmt.Fprintf(t, "%d/s\t\t\t", w.rate)
	}
	fmt.Fprintln(t, "saturated\t\t\t\t\t\t")
	fmt.Fprint(t, "gateway\t")
	if w.rate > 0 {
		fmt.Fprint(t, "CPU-µs\tleast\tratio\t")
	}
	fmt.Fprintln(t, "CPU-µs\tleast\tratio\trequests/s\tratio\t\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t", r.name)
		if w.rate > 0 {
			fmt.Fprintf(t, "%.1f\t%.1f\t%.2f\t", median(r.paced.cost), slices.Min(r.paced.cost), ratio(r.paced.cost, ref.paced.cost))
		}
		fmt.Fprintf(t, "%.1f\t%.1f\t%.2f\t%.0f\t%.2f\t  %s\t\n", median(r.full.cost), slices.Min(r.full.cost), ratio(r.full.cost, ref.full.cost),
			median(r.full.rate), ratio(r.full.rate, ref.full.rate), r.note)
	}
	t.Flush()
}

// ratio is the median of the rounds' ratios.
func ratio(v, ref []float64) float64 {
	r := make([]float64, len(v))
	for i := range r {
		r[i] = v[i] / ref[i]
	}
	return median(r)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
