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
	"syscall"

	"github.com/tollgate/tollgate/introspect/internal/nice"
)

// An engine hashes, one password at a time.
type engine interface {
	// verify reports whether password is the one that was hashed.
	verify(kept *hash, password []byte) (bool, error)
	// hash makes a new hash.
	hash(password []byte, p Params) (string, error)
	// end lets go of what it has.
	end()
}

// here hashes in this process.
type here struct{}

func (here) verify(kept *hash, password []byte) (bool, error) { return kept.matches(password), nil }
func (here) hash(password []byte, p Params) (string, error)   { return newHash(password, p), nil }
func (here) end()                                             {}

// A worker hashes in a process of its own, whose priority is low: the kernel
// then prefers everybody else within a fraction of a millisecond. Go's scheduler
// has no such thing, and a thread of low priority within this process would
// hold up its collector.
//
// It is used by whoever has it from Hasher.free, and nobody else.
type worker struct {
	ctx     context.Context // of all its processes
	command []string

	cmd *exec.Cmd // nil where there is none at the moment
	in  io.WriteCloser
	to  *gob.Encoder
	of  *gob.Decoder
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
	w.cmd, w.in, w.to, w.of = cmd, in, gob.NewEncoder(in), gob.NewDecoder(out)
	return nil
}

// end ends the process, which a worker that is asked again has anew.
func (w *worker) end() {
	if w.cmd == nil {
		return
	}
	w.in.Close()
	w.cmd.Process.Kill()
	w.cmd.Wait() // how it ended is of no interest
	w.cmd = nil
}

// ask has the process do one task. The task at which it is found dead, or dies,
// fails; the next has another process.
func (w *worker) ask(t task) (r result, err error) {
	if w.cmd == nil {
		if err := w.start(); err != nil {
			return r, fmt.Errorf("hashing process: %w", err)
		}
	}
	if err = w.to.Encode(t); err == nil {
		err = w.of.Decode(&r)
	}
	if err != nil {
		w.end()
		return r, fmt.Errorf("hashing process: %w", err)
	}
	if r.Err != "" {
		return r, errors.New("hashing process: " + r.Err)
	}
	return r, nil
}

func (w *worker) verify(kept *hash, password []byte) (bool, error) {
	r, err := w.ask(task{Password: password, Kept: kept.text})
	return r.OK, err
}

func (w *worker) hash(password []byte, p Params) (string, error) {
	r, err := w.ask(task{Password: password, Params: p})
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
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
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
