package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/bench/machine"
)

// A series is what was measured of a gateway under one load, round by round.
type series struct {
	Cost []float64 // CPU-µs a request
	Rate []float64 // requests a second
}

// writeTable writes what was measured: medians over the rounds, the least, and
// the median of the ratios to the first row, the reference, in the same round.
func (w *world) writeTable(out io.Writer, rows []*row) {
	head, line := "| gateway |", "| --- |"
	column := func(format string, args ...any) {
		head += fmt.Sprintf(" "+format+" |", args...)
		line += " ---: |"
	}
	if w.rate > 0 {
		column("CPU-µs a request at %d/s", w.rate)
		column("least")
		column("to the reference")
	}
	column("CPU-µs a request, saturated")
	column("least")
	column("to the reference")
	column("requests/s")
	column("to the reference")
	fmt.Fprintf(out, "%s |\n%s --- |\n", head, line)
	for _, r := range rows {
		fmt.Fprintf(out, "| %s |", r.Name)
		if w.rate > 0 {
			fmt.Fprintf(out, " %.1f | %.1f | %.2f |", median(r.Paced.Cost), slices.Min(r.Paced.Cost), ratio(r.Paced.Cost, rows[0].Paced.Cost))
		}
		fmt.Fprintf(out, " %.1f | %.1f | %.2f | %.0f | %.2f | %s |\n", median(r.Full.Cost), slices.Min(r.Full.Cost), ratio(r.Full.Cost, rows[0].Full.Cost),
			median(r.Full.Rate), ratio(r.Full.Rate, rows[0].Full.Rate), r.Note)
	}
}

// recordRun writes report.md and summary.json into the folder dir.
func (w *world) recordRun(dir string, m machine.Machine, rows []*row) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var report strings.Builder
	fmt.Fprintf(&report, "# What a gateway costs\n\n%s\n\n", m.Markdown())
	fmt.Fprintf(&report, "Command: `make bench-gateway RECORD=<folder>`; %d rounds of %v a gateway and load, in an order drawn anew, over %d connections; answers of %d bytes.\n",
		w.rounds, w.round, w.conns, answerSize)
	fmt.Fprint(&report, "Processor time is that of all processes of the gateway. The generator, the upstream and the gateway share the machine. Ratios are medians over rounds of those in the same round.\n\n")
	w.writeTable(&report, rows)
	summary, err := json.MarshalIndent(map[string]any{"machine": m, "rate": w.rate, "connections": w.conns, "rows": rows}, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "report.md"), []byte(report.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "summary.json"), append(summary, '\n'), 0o644)
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
