package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/bench/interleave"
	"github.com/tollgate/tollgate/bench/machine"
)

// group is the cases of one table: the first row is what the others are
// compared with.
type group struct {
	Alg  string // EdDSA, ES256, RS256
	Path string // cold, warm, batch
	Rows []interleave.Row
}

// ratio is the median over the rounds of row's time to that of the first row
// in the same round, which a drift of the machine leaves alone.
func (g group) ratio(row int) float64 {
	ratios := make([]float64, len(g.Rows[row].Rounds))
	for r := range ratios {
		ratios[r] = g.Rows[row].Rounds[r] / g.Rows[0].Rounds[r]
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func writeTable(w io.Writer, groups []group) {
	fmt.Fprintln(w, "| algorithm | path | library | min ns | p25 ns | median ns | times the first row | allocs |")
	fmt.Fprintln(w, "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |")
	for _, g := range groups {
		for i, r := range g.Rows {
			fmt.Fprintf(w, "| %s | %s | %s | %.0f | %.0f | %.0f | %.2f | %.0f |\n", g.Alg, g.Path, r.Name, r.Min, r.P25, r.Median, g.ratio(i), math.Floor(r.Allocs))
		}
	}
}

// writeBenchstat writes every round as a line that benchstat reads.
func writeBenchstat(w io.Writer, groups []group, m machine.Machine) {
	fmt.Fprintf(w, "goos: %s\ngoarch: %s\ncpu: %s\npkg: github.com/tollgate/tollgate/bench/tokens\n", m.OS, m.Arch, m.CPU)
	for _, g := range groups {
		for _, r := range g.Rows {
			name := strings.ReplaceAll(r.Name, " ", "-")
			for _, ns := range r.Rounds {
				fmt.Fprintf(w, "BenchmarkToken/alg=%s/path=%s/lib=%s 1 %.1f ns/op %.0f B/op %.0f allocs/op\n", g.Alg, g.Path, name, ns, math.Floor(r.Bytes), math.Floor(r.Allocs))
			}
		}
	}
}

// record writes report.md, summary.json and raw/benchstat.txt into dir.
func record(dir string, groups []group, m machine.Machine, o interleave.Options) error {
	if err := os.MkdirAll(filepath.Join(dir, "raw"), 0o755); err != nil {
		return err
	}
	var report, raw strings.Builder
	fmt.Fprintf(&report, "# What a verified token costs\n\n%s\n\n", m.Markdown())
	fmt.Fprintf(&report, "Command: `make bench RECORD=<folder>`; %d rounds of %s a row, order seed %d; every row of a table ran once in every round.\n", o.Rounds, o.Slice, o.Seed)
	fmt.Fprintf(&report, "Ratios are medians over rounds of the time in the same round. Tokens: RFC 9068 claims, about 500 bytes; iss, aud and times checked, claims decoded.\nbenchstat reads [raw/benchstat.txt](raw/benchstat.txt).\n\n")
	writeTable(&report, groups)
	writeBenchstat(&raw, groups, m)
	summary, err := json.MarshalIndent(map[string]any{"machine": m, "rounds": o.Rounds, "slice_ns": o.Slice.Nanoseconds(), "seed": o.Seed, "groups": groups}, "", " ")
	if err != nil {
		return err
	}
	for name, data := range map[string]string{"report.md": report.String(), "summary.json": string(summary) + "\n", "raw/benchstat.txt": raw.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			return err
		}
	}
	return nil
}
