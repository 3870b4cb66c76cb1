package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tollgate/tollgate/bench/interleave"
)

// summary is what summary.json holds.
type summary struct {
	Time      time.Time
	Machine   string
	CPUs      int
	Go        string
	Commit    string
	Command   string
	Seed      uint64
	Processes []process
}

// A process has its own rows, its own reference among them.
type process struct {
	Backend string
	Rows    []interleave.Row
}

func newSummary(seed uint64) *summary {
	s := &summary{
		Time: time.Now().UTC().Truncate(time.Second), Machine: machine(), CPUs: runtime.NumCPU(),
		Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, Seed: seed,
		Command: "go run ./ed25519 " + strings.Join(os.Args[1:], " "),
	}
	if b, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output(); err == nil {
		s.Commit = strings.TrimSpace(string(b))
	}
	return s
}

// machine returns the processor's name where the system tells it.
func machine() string {
	b, _ := os.ReadFile("/proc/cpuinfo") // absent elsewhere than on Linux
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimLeft(strings.TrimSpace(name), ": \t")
		}
	}
	return "unknown"
}

func (s *summary) add(backend string, rows []interleave.Row) {
	s.Processes = append(s.Processes, process{backend, rows})
}

// table prints every process's rows under one head.
func (s *summary) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "process\tcase\tmin µs\tp25 µs\tmin ratio\tp25 ratio\tallocs\t")
	s.each(func(backend string, r, ref interleave.Row) {
		fmt.Fprintf(w, "%s\t%s\t%.3f\t%.3f\t%.4f\t%.4f\t%.0f\t\n", backend, r.Name, r.Min/1e3, r.P25/1e3, r.Min/ref.Min, r.P25/ref.P25, r.Allocs)
	})
	w.Flush()
	return b.String()
}

func (s *summary) each(do func(backend string, row, reference interleave.Row)) {
	for _, p := range s.Processes {
		for _, r := range p.Rows {
			do(p.Backend, r, p.Rows[0])
		}
	}
}

// write leaves report.md and summary.json in dir.
func (s *summary) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "summary.json"), append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "report.md"), []byte(s.report()), 0o644)
}

func (s *summary) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Ed25519 verification beside its peers\n\n")
	fmt.Fprintf(&b, "One signature of a %d-byte message, or one of a batch. The ratio is to crypto/ed25519.Verify in the same process and\n", messageSize)
	fmt.Fprintf(&b, "the same rounds; every round runs every case once in an order drawn anew. Batches of the peers are by random\n")
	fmt.Fprintf(&b, "combination and answer for the whole batch; ours gives each signature crypto/ed25519's own verdict.\n\n")
	fmt.Fprintf(&b, "- machine: %s, %d CPUs\n- Go: %s\n- commit: %s\n- time: %s\n", s.Machine, s.CPUs, s.Go, s.Commit, s.Time.Format(time.RFC3339))
	fmt.Fprintf(&b, "- command, in bench/: `%s` (seed %d, %d rounds)\n\n", s.Command, s.Seed, len(s.Processes[0].Rows[0].Rounds))
	fmt.Fprintf(&b, "| process | case | min µs | p25 µs | ratio of min | ratio of p25 | allocations |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	s.each(func(backend string, r, ref interleave.Row) {
		fmt.Fprintf(&b, "| %s | %s | %.3f | %.3f | %.4f | %.4f | %.0f |\n", backend, r.Name, r.Min/1e3, r.P25/1e3, r.Min/ref.Min, r.P25/ref.P25, r.Allocs)
	})
	return b.String()
}
