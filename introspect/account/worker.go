package account

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tollgate/tollgate/introspect/internal/nice"
)

// An engine hashes, one password at a time.
type engine interface {
	// verify reports whether password is the one that was hashed. Where that
	// takes processes they have until by.
	verify(kept *hash, password []byte, by time.Time) (bool, error)
	// hash makes a new hash, by then as well.
	hash(password []byte, p Params, by time.Time) (string, error)
	// end lets go of what it has.
	end()
}

// here hashes in this process, which cannot be killed for taking long.
type here struct{}

func (here) verify(kept *hash, password []byte, _ time.Time) (bool, error) {
	return kept.matches(password), nil
}
func (here) hash(password []byte, p Params, _ time.Time) (string, error) {
	return newHash(password, p), nil
}
func (here) end() {}

// A worker hashes in a process of its own, whose priority is low: the kernel
// then prefers everybody else within a fraction of a millisecond. Go's scheduler
// has no such thing, and a thread of low priority within this process would
// hold up its collector.
//
// It is used by whoever has it from Hasher.free, and nobody else.
type worker struct {
	ctx     context.Context // of all its processes
	command []string
	lost    *atomic.Uint64
	p       *process // of which there is one at a time
}

// process is one hashing process.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   io.ReadCloser
	to    *gob.Encoder
	of    *gob.Decoder
	ended chan struct{} // closed once it is no more
	done  bool          // killed, or found dead: it is asked no more
}

// A task is what a worker is asked, and a result what it says. They travel
// through pipes that no other process has.
type (
	task struct {
		Password []byte
		Kept     string // to compare with; empty: to be hashed
		Params   Params
	}
	result struct {
		OK   bool
		Hash string
		Err  string
	}
)

// died is how a process ended that owed an answer.
type died string

func (d died) Error() string { return "hashing process died: " + string(d) }

func (w *worker) start() error {
	cmd := exec.CommandContext(w.ctx, w.command[0], w.command[1:]...)
	cmd.Env = []string{} // it has no use for our secrets
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &process{cmd: cmd, in: in, out: out, to: gob.NewEncoder(in), of: gob.NewDecoder(out), ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		cmd.Wait() // how it ended is in cmd.ProcessState
	}()
	w.p = p
	return nil
}

// kill ends the process, and at once whatever waits for its pipes.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.in.Close()
	p.out.Close()
}

// gone waits until the process is no more, and reports whether that was in time.
func (p *process) gone(by time.Time) bool {
	late := time.NewTimer(time.Until(by))
	defer late.Stop()
	select {
	case <-p.ended:
		return true
	case <-late.C:
		return false
	}
}

// end ends the process, which a worker that is asked again has anew.
func (w *worker) end() {
	if w.p == nil {
		return
	}
	w.p.done = true
	w.p.kill()
	<-w.p.ended
}

// renew starts a process in place of one that is no more.
func (w *worker) renew(by time.Time) error {
	if w.p != nil {
		select {
		case <-w.p.ended: // while it had nothing to do, perhaps
		default:
			if !w.p.done {
				return nil
			}
			// The kernel may take its time, as for a process that waits for a
			// disk. There is no other beside it meanwhile.
			if !w.p.gone(by) {
				return ErrHung
			}
		}
		w.lost.Add(1)
	}
	if err := w.start(); err != nil {
		return fmt.Errorf("hashing process: %w", err)
	}
	return nil
}

// ask has a process do one task. If that dies at it, as one does that the
// kernel kills for want of memory, another gets the task, and no third one: it
// may be the task that they die of.
func (w *worker) ask(t task, by time.Time) (result, error) {
	r, err := w.try(t, by)
	if _, ok := err.(died); ok {
		r, err = w.try(t, by)
		if d, ok := err.(died); ok {
			err = errors.New("hashing process died twice at one password: " + string(d))
		}
	}
	return r, err
}

func (w *worker) try(t task, by time.Time) (r result, err error) {
	if err := w.renew(by); err != nil {
		return r, err
	}
	p := w.p
	late := time.AfterFunc(time.Until(by), p.kill)
	if err = p.to.Encode(t); err == nil {
		err = p.of.Decode(&r)
	}
	inTime := late.Stop()
	p.done = err != nil || !inTime
	switch {
	case err == nil && r.Err == "":
		return r, nil
	case err == nil:
		return r, errors.New("hashing process: " + r.Err)
	case !inTime:
		return result{}, ErrHung
	}
	p.kill()
	if !p.gone(by) {
		return result{}, ErrHung
	}
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, os.ErrClosed, syscall.EPIPE} {
		if errors.Is(err, end) {
			return result{}, died(p.cmd.ProcessState.String())
		}
	}
	return result{}, fmt.Errorf("hashing process: %w", err) // it says what is no result
}

func (w *worker) verify(kept *hash, password []byte, by time.Time) (bool, error) {
	r, err := w.ask(task{Password: password, Kept: kept.text}, by)
	return r.OK, err
}

func (w *worker) hash(password []byte, p Params, by time.Time) (string, error) {
	r, err := w.ask(task{Password: password, Params: p}, by)
	return r.Hash, err
}

// workerPriority is the nice value of a hashing process: about a tenth of the
// share of another, where both want the processor.
const workerPriority = 10

// Work is what a hashing process does: it answers the tasks that come in, at
// low priority, until there are no more.
func Work(in io.Reader, out io.Writer) error {
	// A signal to the whole group, as from a terminal, is the service's to heed:
	// logins may be under way. Its end is the end of in.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	_ = nice.Set(workerPriority) // a favour to others: hashing goes on where it is refused
	return work(in, out)
}

func work(in io.Reader, out io.Writer) error {
	of, to := gob.NewDecoder(in), gob.NewEncoder(out)
	for {
		var t task
		switch err := of.Decode(&t); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := to.Encode(t.do()); err != nil {
			return err
		}
	}
}

func (t task) do() result {
	if t.Kept == "" {
		return result{Hash: newHash(t.Password, t.Params)}
	}
	kept, err := parseHash(t.Kept)
	if err != nil {
		return result{Err: err.Error()}
	}
	return result{OK: kept.matches(t.Password)}
}
