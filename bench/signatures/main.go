package main

import (
	"crypto/elliptic"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tollgate/tollgate/bench/interleave"
	"github.com/tollgate/tollgate/bench/machine"
	"github.com/tollgate/tollgate/engine/ecdsa"
)

// forceBackend is the environment variable that engine/ecdsa obeys.
const forceBackend = "TOLLGATE_ECDSA"

// A group is the cases of one algorithm and one process: the first row is what the
// others are compared with.
type group struct {
	Algorithm string
	Backend   string
	Rows      []interleave.Row
}

func main() {
	o := interleave.Options{}
	flag.IntVar(&o.Rounds, "rounds", 60, "rounds of the measurement, at least 40 to publish")
	flag.DurationVar(&o.Slice, "slice", 10*time.Millisecond, "how long a case runs in a round")
	flag.Uint64Var(&o.Seed, "seed", 256, "of the order")
	out := flag.String("out", "", "folder to write report.md and summary.json to; nothing is written without")
	child := flag.Bool("child", false, "measure ES256 with this process's backend, as JSON")
	flag.Parse()
	if o.Rounds < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(o, *out, *child); err != nil {
		fmt.Fprintln(os.Stderr, "signatures:", err)
		os.Exit(1)
	}
}

func run(o interleave.Options, out string, child bool) error {
	if child {
		return json.NewEncoder(os.Stdout).Encode(measureES256(o))
	}
	groups := []group{measureES256(o)}
	if ecdsa.Backend() != "generic" {
		g, err := inChild("generic")
		if err != nil {
			return err
		}
		groups = append(groups, g)
	}
	for _, curve := range []elliptic.Curve{elliptic.P384(), elliptic.P521()} {
		name := map[elliptic.Curve]string{elliptic.P384(): "ES384", elliptic.P521(): "ES512"}[curve]
		groups = append(groups, group{name, "crypto/ecdsa", interleave.Measure(otherCurve(curve), o)})
	}
	groups = append(groups, measureRSA(o)...)
	s := summary{Machine: machine.Describe(), Command: "go run ./signatures " + strings.Join(os.Args[1:], " "), Rounds: o.Rounds, Groups: groups}
	fmt.Print(s.report())
	if out == "" {
		return nil
	}
	return s.write(out)
}

// measureES256 measures, and divides what an operation took by its signatures.
func measureES256(o interleave.Options) group {
	cases, sizes := es256()
	rows := interleave.Measure(cases, o)
	for i := range rows {
		r := &rows[i]
		size := float64(max(1, sizes[r.Name]))
		for _, v := range []*float64{&r.Min, &r.P25, &r.Median, &r.Allocs, &r.Bytes} {
			*v /= size
		}
		for j := range r.Rounds {
			r.Rounds[j] /= size
		}
	}
	return group{"ES256", ecdsa.Backend(), rows}
}

// inChild measures a backend in a process of its own, with the same flags.
func inChild(backend string) (g group, err error) {
	self, err := os.Executable()
	if err != nil {
		return g, err
	}
	cmd := exec.Command(self, append(os.Args[1:], "-child")...)
	cmd.Env = append(os.Environ(), forceBackend+"="+backend)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return g, fmt.Errorf("measuring %s: %w", backend, err)
	}
	return g, json.Unmarshal(b, &g)
}
