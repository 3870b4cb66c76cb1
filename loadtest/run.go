package loadtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/loadtest/poll"
	"github.com/tollgate/tollgate/loadtest/record"
	"github.com/tollgate/tollgate/loadtest/rig"
)

// Run measures what the plan says, or what is left of it, into the folder. When
// ctx ends first it returns ErrInterrupted; what is complete is on disk.
func Run(ctx context.Context, opt Options) (err error) {
	if !poll.Supported {
		return fmt.Errorf("%w: %w", ErrNotBegun, poll.ErrUnsupported)
	}
	l := &lab{
		opt: opt, plan: opt.Plan, done: map[record.Key]bool{},
		services: map[string]*rig.Service{}, tokens: map[string][][]byte{}, modes: map[string]*endpoint{},
	}
	if err := l.open(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotBegun, err)
	}
	defer func() { err = errors.Join(err, l.journal.Close()) }()
	if l.rig, err = rig.New(opt.Binary); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.rig.Close()) }()
	l.progress = newProgress(opt.Progress, opt.Terminal, l.remaining())
	defer l.progress.finish()
	for _, s := range l.plan.Sweeps {
		if err := l.sweep(ctx, s); err != nil {
			if ctx.Err() != nil {
				err = ErrInterrupted
			}
			if len(l.cells) == 0 {
				err = fmt.Errorf("%w: %w", ErrNotBegun, err)
			}
			return err
		}
	}
	return nil
}

// open begins the folder, or reads what it holds.
func (l *lab) open() error {
	old, err := record.ReadMeta(l.opt.Dir)
	switch {
	case l.opt.Resume && err != nil:
		return err
	case l.opt.Resume:
		if err := l.resumes(&old); err != nil {
			return err
		}
		l.plan = old.Plan
	case err == nil:
		return fmt.Errorf("%s holds a run already; choose another folder, or --resume it", l.opt.Dir)
	default:
		err := record.WriteMeta(l.opt.Dir, record.Meta{
			Plan: l.plan, Started: time.Now().UTC().Round(sec), Command: l.opt.Command, Version: l.opt.Version, Machine: record.ThisMachine(),
		})
		if err != nil {
			return err
		}
	}
	if l.journal, err = record.OpenJournal(l.opt.Dir); err != nil {
		return err
	}
	if l.cells, err = record.ReadCells(l.opt.Dir); err != nil {
		return err
	}
	for _, c := range l.cells {
		l.done[c.Key] = true
	}
	return nil
}

// resumes says why the run that old began cannot be gone on with: half of it would
// have been measured with something else than the report says.
func (l *lab) resumes(old *record.Meta) error {
	if old.Version != l.opt.Version {
		return fmt.Errorf("%s was begun by tollgate %s and this is %s: resume it with that one, or measure anew", l.opt.Dir, old.Version, l.opt.Version)
	}
	if here := record.ThisMachine(); old.Machine != here {
		return fmt.Errorf("%s was begun on another machine (%+v) than this one (%+v): measure anew", l.opt.Dir, old.Machine, here)
	}
	return nil
}

// remaining estimates how long the cells that are missing take.
func (l *lab) remaining() time.Duration {
	var sum time.Duration
	for _, s := range l.plan.Sweeps {
		for _, k := range keys(s, l.plan.Seed) {
			if !l.done[k] {
				sum += s.Warmup + s.Duration + overhead
			}
		}
	}
	return sum
}
