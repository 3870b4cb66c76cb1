package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollgate/tollgate/internal/freeport"
)

// process is a program that a script left running.
type process struct {
	cmd    *exec.Cmd
	mu     sync.Mutex
	out    bytes.Buffer // both outputs
	seen   chan struct{}
	exited chan struct{}
}

const processesKey = "processes"

type processes map[string]*process

// cmdServe starts a program in the background under a name and waits until a
// line of its output matches.
func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: serve NAME regexp program args…")
	}
	all := ts.Value(processesKey).(processes)
	program, err := exec.LookPath(args[2])
	ts.Check(err)
	p := &process{cmd: exec.Command(program, args[3:]...), seen: make(chan struct{}), exited: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"))
	for _, name := range []string{"UPSTREAM_SECRET", "GATEWAY_SECRET", "ORDERS_SECRET"} {
		p.cmd.Env = append(p.cmd.Env, name+"="+ts.Getenv(name))
	}
	r, w, err := os.Pipe()
	ts.Check(err)
	p.cmd.Stdout, p.cmd.Stderr = w, w
	ts.Check(p.cmd.Start())
	w.Close()
	all[args[0]] = p
	go p.follow(r, regexp.MustCompile(args[1]))
	select {
	case <-p.seen:
	case <-p.exited:
		ts.Fatalf("%s ended: %v\n%s", args[0], p.cmd.ProcessState, p.output())
	case <-time.After(30 * time.Second):
		ts.Fatalf("%s did not say %s:\n%s", args[0], args[1], p.output())
	}
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs("."), args[0]+".out"), []byte(p.output()), 0o600))
}

func (p *process) follow(r io.ReadCloser, ready *regexp.Regexp) {
	defer r.Close()
	var once sync.Once
	for lines := bufio.NewScanner(r); lines.Scan(); {
		p.mu.Lock()
		p.out.Write(append(lines.Bytes(), '\n'))
		p.mu.Unlock()
		if ready.Match(lines.Bytes()) {
			once.Do(func() { close(p.seen) })
		}
	}
	// What it says of the exit is in ProcessState.
	_ = p.cmd.Wait()
	close(p.exited)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// cmdEnd sends a signal and waits for the end. All but KILL have to end with
// the exit code 0, and leave the output in NAME.out.
func cmdEnd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: end NAME INT|TERM|HUP|KILL")
	}
	all := ts.Value(processesKey).(processes)
	p := all[args[0]]
	if p == nil {
		ts.Fatalf("no process %s", args[0])
	}
	delete(all, args[0])
	signal := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}[args[1]]
	ts.Check(p.cmd.Process.Signal(signal))
	select {
	case <-p.exited:
	case <-time.After(20 * time.Second):
		ts.Fatalf("%s does not stop:\n%s", args[0], p.output())
	}
	if code := p.cmd.ProcessState.ExitCode(); signal != syscall.SIGKILL && code != 0 {
		ts.Fatalf("%s ended with %d:\n%s", args[0], code, p.output())
	}
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs("."), args[0]+".out"), []byte(p.output()), 0o600))
}

// cmdHangup tells a process to reload and waits for a line that says so.
func cmdHangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hangup NAME")
	}
	p := ts.Value(processesKey).(processes)[args[0]]
	ts.Check(p.cmd.Process.Signal(syscall.SIGHUP))
}

// cmdSays waits for a line of a running process.
func cmdSays(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: says NAME regexp")
	}
	p := ts.Value(processesKey).(processes)[args[0]]
	re := regexp.MustCompile(args[1])
	for start := time.Now(); !re.MatchString(p.output()); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			ts.Fatalf("%s did not say %s:\n%s", args[0], args[1], p.output())
		}
	}
}

// cmdPorts puts free addresses of this machine into variables. They are all
// taken before the first is given back, so that they differ.
func cmdPorts(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		addr, err := freeport.Pick()
		ts.Check(err)
		ts.Setenv(name, addr)
	}
}

// cmdMode compares the permissions of a file.
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL file")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != strings.TrimPrefix(args[0], "0") {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// endAll is the end of a script.
func (all processes) endAll() error {
	var errs []error
	for _, p := range all {
		if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			errs = append(errs, err)
		}
		<-p.exited
	}
	return errors.Join(errs...)
}
