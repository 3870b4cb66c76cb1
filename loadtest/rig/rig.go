package rig

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// Rig owns the processes and the folder.
type Rig struct {
	RunID  string
	binary string
	dir    string

	mu    sync.Mutex
	procs []*Process
	names map[string]int
}

// New makes a temporary folder for processes of the binary.
func New(binary string) (*Rig, error) {
	dir, err := os.MkdirTemp("", "tollgate-") // short: sockets are in it, and their names are limited
	if err != nil {
		return nil, err
	}
	return &Rig{RunID: rand.Text(), binary: binary, dir: dir, names: map[string]int{}}, nil
}

// Close ends every process and removes the folder.
func (r *Rig) Close() error {
	r.mu.Lock()
	procs := r.procs
	r.mu.Unlock()
	return errors.Join(r.Stop(procs...), os.RemoveAll(r.dir))
}

// Stop ends processes of the rig, all at once, and waits for them.
func (r *Rig) Stop(procs ...*Process) error {
	errs := make([]error, len(procs))
	var wait sync.WaitGroup
	for i, p := range procs {
		wait.Go(func() { errs[i] = p.stop() })
	}
	wait.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []*Process
	for _, p := range r.procs {
		if !p.stopped() {
			left = append(left, p)
		}
	}
	r.procs = left
	return errors.Join(errs...)
}

// Mark tells processes that are there from those that come later.
func (r *Rig) Mark() map[*Process]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := map[*Process]bool{}
	for _, p := range r.procs {
		m[p] = true
	}
	return m
}

// StopSince stops what has been started since a Mark.
func (r *Rig) StopSince(mark map[*Process]bool) error {
	var later []*Process
	for p := range r.Mark() {
		if !mark[p] {
			later = append(later, p)
		}
	}
	return r.Stop(later...)
}

// folder makes one of its own for a process.
func (r *Rig) folder(label string) (string, error) {
	r.mu.Lock()
	r.names[label]++
	dir := filepath.Join(r.dir, fmt.Sprintf("%s%d", label, r.names[label]))
	r.mu.Unlock()
	return dir, os.Mkdir(dir, 0o700)
}

// freePorts returns loopback addresses that nobody listens on at the moment.
func freePorts(n int) ([]string, error) {
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // only after all are found, so that they differ
		out = append(out, l.Addr().String())
	}
	return out, nil
}

// write puts a file for one process only into a folder.
func write(dir, name, content string) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, []byte(content), 0o600)
}

// Output runs the binary to its end and returns what it printed; stdin may be empty.
func (r *Rig) output(ctx context.Context, stdin string, args ...string) (string, error) {
	return run(ctx, r.binary, stdin, args...)
}
