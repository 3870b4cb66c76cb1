package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tollgate/tollgate/bench/interleave"
	"github.com/tollgate/tollgate/engine/ed25519"
)

// forceBackend is the environment variable that engine/ed25519 obeys.
const forceBackend = "TOLLGATE_ED25519"

func main() {
	rounds := flag.Int("rounds", 60, "rounds of the measurement, at least 40 to publish")
	slice := flag.Duration("slice", 10*time.Millisecond, "how long a case runs in a round")
	seed := flag.Uint64("seed", 25519, "of the signatures and of the order")
	out := flag.String("out", "", "folder to write report.md and summary.json to; nothing is written without")
	child := flag.Bool("child", false, "measure this process's backend without the peers, as JSON")
	flag.Parse()
	if *rounds < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}

	options := interleave.Options{Rounds: *rounds, Slice: *slice, Seed: *seed}
	single, eight := newSignatures(1, *seed), newSignatures(8, *seed+1)
	cases := append([]interleave.Case{standard(single)}, ours(single, eight)...)
	if *child {
		if err := json.NewEncoder(os.Stdout).Encode(perSignature(cases, options)); err != nil {
			fatal(err)
		}
		return
	}
	options.Progress = func(done, total int) { fmt.Fprintf(os.Stderr, "\rround %d of %d", done, total) }
	cases = append(append(cases, peers(single)...), building(single)...)
	s := newSummary(*seed)
	s.add(ed25519.Backend(), perSignature(cases, options))
	fmt.Fprintln(os.Stderr)
	for _, b := range []string{"avx2", "generic"} {
		if b == ed25519.Backend() {
			continue
		}
		rows, err := childRows(b)
		if err != nil {
			fatal(err)
		}
		if strings.HasSuffix(rows[1].Name, b) { // else this machine has no such backend
			s.add(b, rows)
		}
	}
	fmt.Print(s.table())
	if *out != "" {
		if err := s.write(filepath.Clean(*out)); err != nil {
			fatal(err)
		}
	}
}

// childRows measures a backend in a process of its own, with the same flags.
func childRows(backend string) (rows []interleave.Row, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, append(os.Args[1:], "-child")...)
	cmd.Env = append(os.Environ(), forceBackend+"="+backend)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("measuring %s: %w", backend, err)
	}
	return rows, json.Unmarshal(b, &rows)
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "ed25519:", err)
	os.Exit(1)
}
