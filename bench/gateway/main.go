package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/tollgate/tollgate/bench/machine"
)

// settings are the flags.
type settings struct {
	rate    int
	conns   int
	rounds  int
	round   time.Duration
	warm    time.Duration
	tokens  int
	headers int
	idle    int
	only    string
	profile string
	record  string
}

func main() {
	if len(os.Args) > 1 && len(os.Args[1]) > 0 && os.Args[1][0] != '-' {
		role(os.Args[1:])
		return
	}
	var s settings
	flag.IntVar(&s.rate, "rate", 6000, "requests a second, beside as many as are answered; 0 leaves this load out")
	flag.IntVar(&s.conns, "conns", 32, "connections")
	flag.IntVar(&s.rounds, "rounds", 9, "rounds")
	flag.DurationVar(&s.round, "round", time.Second, "how long a gateway is measured in a round, under each load")
	flag.DurationVar(&s.warm, "warm", 200*time.Millisecond, "load before that")
	flag.IntVar(&s.tokens, "tokens", 50000, "distinct tokens of the rows without a cache")
	flag.IntVar(&s.headers, "headers", 0, "bytes of further request headers")
	flag.IntVar(&s.idle, "idle", 0, "instead: the memory of this many idle connections")
	flag.StringVar(&s.only, "only", "", "measure only the reference and the gateway of this name")
	flag.StringVar(&s.profile, "profile", "", "write CPU profiles of our gateways to files with this prefix")
	flag.StringVar(&s.record, "record", "", "also write report.md and summary.json into this `folder`")
	flag.Parse()
	if err := run(&s); err != nil {
		fmt.Fprintln(os.Stderr, "bench/gateway:", err)
		os.Exit(1)
	}
}

// A row is one gateway and what was measured of it.
type row struct {
	Name  string
	Note  string
	Paced series // at the rate asked for
	Full  series // with as many requests as are answered

	pid    int
	addr   string
	admin  string
	tokens [][]byte // one request each
}

func run(s *settings) error {
	w, err := newWorld(s)
	if err != nil {
		return err
	}
	defer w.stop()
	rows, err := w.rows()
	if err != nil {
		return err
	}
	if s.idle > 0 {
		return w.idleMemory(rows)
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	for r := range s.rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for n, i := range order {
			fmt.Fprintf(os.Stderr, "\rround %d/%d  %2d/%d  %-28s", r+1, s.rounds, n+1, len(rows), rows[i].Name)
			if err := w.measure(rows[i]); err != nil {
				return fmt.Errorf("%s: %w", rows[i].Name, err)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "\r%60s\r", "")
	if s.profile != "" {
		for _, r := range rows {
			if err := w.profile(r); err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
	}
	m := machine.Describe()
	fmt.Printf("%s\n%d rounds of %v, %d connections, answers of %d bytes.\n\n", m.Markdown(), w.rounds, w.round, w.conns, answerSize)
	w.writeTable(os.Stdout, rows)
	if s.record == "" {
		return nil
	}
	return w.recordRun(s.record, m, rows)
}
