package main

import (
	"os/exec"
	"testing"
	"time"

	"github.com/tollgate/tollgate/loadtest"
	"github.com/tollgate/tollgate/loadtest/poll"
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/report"
)

// hurried is a plan with every phase and mode of the full one, and as little of
// each as there can be.
func hurried() record.Plan {
	p := loadtest.Full()
	p.Connections = 16
	for i := range p.Sweeps {
		s := &p.Sweeps[i]
		s.Rounds, s.Warmup, s.Duration = 2, 50*time.Millisecond, 250*time.Millisecond
		switch s.Phase {
		case record.PhaseStall:
			s.Rounds, s.Duration = 1, 7*time.Second // the stall is over after six
		case record.PhaseTokens:
			s.X = []float64{1, 500}
		case record.PhaseLag:
			s.Rounds = 1
		}
		if s.Rate > 0 {
			s.Rate = 300
		}
	}
	return p
}

// Every phase runs against the real binary, its counters agree, and its report
// has every figure.
func TestLoadtestEveryPhase(t *testing.T) {
	if !poll.Supported {
		t.Skip(poll.ErrUnsupported)
	}
	if testing.Short() {
		t.Skip("takes a minute")
	}
	binary, err := exec.LookPath("tollgate") // this test program, by that name
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err = loadtest.Run(t.Context(), loadtest.Options{Plan: hurried(), Dir: dir, Binary: binary, Command: "a test", Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := report.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Trust.Cells != s.Trust.Planned {
		t.Errorf("%d cells of %d", s.Trust.Cells, s.Trust.Planned)
	}
	cells, err := record.ReadCells(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cells {
		for _, n := range c.Counters {
			if n.Got > n.Want || n.Got < n.Want && !n.AtMost {
				t.Errorf("%s: %s: %d counted, %d expected (%d errors)", c.Key, n.Name, n.Got, n.Want, c.Errors)
			}
		}
	}
	for _, m := range s.Modes {
		if m.Name != record.ModeDirect && m.Name != record.ModeNone && m.Name != record.ModeJWTAgain && m.LagSamples == 0 {
			t.Errorf("no revocation lag of %s", m.Name)
		}
	}
	t.Log(s.Answer)
}
