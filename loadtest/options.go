package loadtest

import (
	"errors"
	"io"

	"github.com/tollgate/tollgate/loadtest/record"
)

// Options of a run.
type Options struct {
	Plan    record.Plan
	Dir     string // where it is recorded
	Binary  string // what is measured
	Command string // repeats the run; told in the report
	Version string // of the binary; told in the report

	// Resume goes on with the run recorded in Dir, under the plan found there.
	Resume bool

	// Targets are measured instead of gateways of the laboratory's own.
	Targets []Target

	Progress io.Writer // nil: none
	Terminal bool      // whether Progress is one
}

// Target is a gateway of the user's.
type Target struct {
	Name   string
	URL    string
	Tokens [][]byte
}

// ErrInterrupted is what Run returns when ctx ended it; what is complete has been
// recorded.
var ErrInterrupted = errors.New("interrupted; what is complete has been recorded, and --resume goes on from there")

// ErrNotBegun marks an error after which the folder holds nothing new.
var ErrNotBegun = errors.New("nothing was measured")
