package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tollgate/tollgate/bench/machine"
)

// summary is what summary.json holds.
type summary struct {
	Machine machine.Machine
	Command string
	Rounds  int
	Groups  []group
}

func (s *summary) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Signatures beside the standard library\n\n%s\n\n", s.Machine.Markdown())
	fmt.Fprintf(&b, "Command, in bench/: `%s`; %d rounds.\n", s.Command, s.Rounds)
	fmt.Fprintf(&b, "One signature of a 32-byte digest, or one of a batch. Ratios are to the first row of the same algorithm and process.\n\n")
	fmt.Fprintf(&b, "| algorithm | process | case | min µs | p25 µs | ratio of min | ratio of p25 | allocations |\n| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, g := range s.Groups {
		first := g.Rows[0]
		for _, r := range g.Rows {
			fmt.Fprintf(&b, "| %s | %s | %s | %.3f | %.3f | %.4f | %.4f | %.0f |\n",
				g.Algorithm, g.Backend, r.Name, r.Min/1e3, r.P25/1e3, r.Min/first.Min, r.P25/first.P25, r.Allocs)
		}
	}
	return b.String()
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
