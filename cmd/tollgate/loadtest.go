package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tollgate/tollgate/internal/buildinfo"
	"github.com/tollgate/tollgate/loadtest"
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/report"
)

// loadtestFlags are what a run can be told.
type loadtestFlags struct {
	first, quick, full bool
	out, resume        string
	seed               uint64
	rate               float64
	rounds             int
	objective          time.Duration
	duration           time.Duration
	targets, tokens    []string
}

func newLoadtest() *cobra.Command {
	f := new(loadtestFlags)
	cmd := &cobra.Command{
		Use:   "loadtest",
		Short: "Measure what each kind of token costs, on this machine",
		Long: `Starts security services, gateways and a target as processes of their own on free
loopback ports, sends them requests on a fixed schedule in every mode, and writes
a report: report.html, report.md, summary.json, and the raw measurements.

With --target it measures gateways of yours instead, with your tokens.
Ctrl-C writes the report of what is complete.`,
		Example: `  tollgate loadtest --quick                 the answer in two minutes
  tollgate loadtest --full                  everything, in half an hour
  tollgate loadtest --first                 four modes in a closed loop, half a minute
  tollgate loadtest --resume results/2026-11-24-full
  tollgate loadtest --target https://api.example.com/orders --tokens tokens.txt --rate 200
  tollgate loadtest compare results/a results/b`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.quick, "quick", false, "the comparison, three distances and the revocation lag, in two minutes (the default)")
	flags.BoolVar(&f.full, "full", false, "every sweep, in half an hour")
	flags.BoolVar(&f.first, "first", false, "four modes in a closed loop, in half a minute")
	flags.StringVar(&f.out, "out", "", "folder for the results (default results/DATE-PLAN)")
	flags.StringVar(&f.resume, "resume", "", "go on with the run recorded in this folder")
	flags.Uint64Var(&f.seed, "seed", 1, "of everything random")
	flags.Float64Var(&f.rate, "rate", 0, "requests a second in the comparison (default the plan's; 200 for a --target)")
	flags.IntVar(&f.rounds, "rounds", 0, "rounds of the comparison (default the plan's)")
	flags.DurationVar(&f.duration, "duration", 0, "of each measured interval of the comparison (default the plan's)")
	flags.DurationVar(&f.objective, "objective", 5*time.Millisecond, "bound on p99, for the maximum rate")
	flags.StringArrayVar(&f.targets, "target", nil, "URL of a gateway of yours, or NAME=URL; several are compared")
	flags.StringArrayVar(&f.tokens, "tokens", nil, "file with a token a line for the targets, or NAME=FILE for one of them")
	cmd.AddCommand(newLoadtestCompare(), newLoadtestSelftest(), newLoadtestReport(), newLoadtestTarget(), newLoadtestDistance())
	return cmd
}

// run measures and reports.
func (f *loadtestFlags) run(cmd *cobra.Command) error {
	opt, err := f.options(cmd)
	if err != nil {
		return err
	}
	ctx, stop := untilStopped(cmd.Context())
	defer stop()
	ran := loadtest.Run(ctx, opt)
	if errors.Is(ran, loadtest.ErrNotBegun) {
		return ran
	}
	return errors.Join(ran, writeReport(cmd, opt.Dir))
}

// writeReport writes the report of a folder and says what it says.
func writeReport(cmd *cobra.Command, dir string) error {
	s, err := report.Write(dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\nThe report is %s\n", s.Answer, filepath.Join(dir, "report.html"))
	return err
}

func (f *loadtestFlags) options(cmd *cobra.Command) (loadtest.Options, error) {
	opt := loadtest.Options{
		Dir: f.out, Command: strings.Join(append([]string{"tollgate"}, os.Args[1:]...), " "),
		Progress: cmd.ErrOrStderr(), Terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	version, built := buildinfo.Read()
	opt.Version = version + " " + built
	var err error
	if opt.Binary, err = os.Executable(); err != nil {
		return opt, err
	}
	if opt.Targets, err = f.foreign(); err != nil {
		return opt, err
	}
	if opt.Plan, err = f.plan(opt.Targets); err != nil {
		return opt, err
	}
	if f.resume != "" {
		for _, name := range []string{"quick", "full", "first", "out", "seed", "rate", "rounds", "duration", "objective"} {
			if cmd.Flags().Changed(name) {
				return opt, usagef("--resume goes on by the recorded plan: --%s has no effect beside it", name)
			}
		}
		opt.Dir, opt.Resume = f.resume, true
		return opt, nil
	}
	if opt.Dir == "" {
		opt.Dir = freeFolder(filepath.Join("results", time.Now().Format(time.DateOnly)+"-"+opt.Plan.Name))
	}
	return opt, nil
}

// plan chooses and adapts the plan.
func (f *loadtestFlags) plan(targets []loadtest.Target) (record.Plan, error) {
	chosen := 0
	plan := loadtest.Quick()
	if len(targets) > 0 {
		var names []string
		for _, t := range targets {
			names = append(names, t.Name)
		}
		plan = loadtest.ForTargets(names, 200)
		chosen++
	}
	for _, c := range []struct {
		is   bool
		plan func() record.Plan
	}{{f.quick, loadtest.Quick}, {f.full, loadtest.Full}, {f.first, loadtest.First}} {
		if c.is {
			plan = c.plan()
			chosen++
		}
	}
	if chosen > 1 {
		return plan, usagef("give one of --quick, --full, --first and --target")
	}
	plan.Seed = f.seed
	plan.Objective = f.objective
	for i := range plan.Sweeps {
		s := &plan.Sweeps[i]
		if s.Phase != record.PhaseModes && plan.Name != "first" && plan.Name != "target" {
			continue
		}
		if f.rate != 0 && s.Rate != 0 {
			s.Rate = f.rate
		}
		if f.rounds != 0 {
			s.Rounds = f.rounds
		}
		if f.duration != 0 {
			s.Duration = f.duration
		}
	}
	if f.rate < 0 || f.rounds < 0 || f.duration < 0 || f.objective <= 0 {
		return plan, usagef("--rate, --rounds, --duration and --objective are not negative")
	}
	return plan, nil
}

// freeFolder is name where nothing of that name is there, else the first of
// name-2, name-3, … that is free: a second run of a day stands beside the first.
func freeFolder(name string) string {
	free := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, n)
	}
}
