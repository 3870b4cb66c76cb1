package rig

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Process is a child with a label under which its CPU time is reported.
type Process struct {
	Label  string
	Listen string // its address

	Certificate string // PEM, of a target that speaks TLS

	cmd   *exec.Cmd
	stdin io.WriteCloser // of the laboratory's own; nil otherwise
	lines *bufio.Reader
	log   string
	ended chan struct{}
}

// grace is how long a process may take to end.
const grace = 10 * time.Second

// start starts the binary; own says that it is a subcommand of the laboratory,
// which tells its address on stdout and ends with its stdin.
func (r *Rig) start(label, dir string, own bool, args ...string) (*Process, error) {
	p := &Process{Label: label, log: filepath.Join(dir, "log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(r.binary, args...)
	p.cmd.Dir = dir
	p.cmd.Stderr = log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out io.Reader
	if own {
		var err1, err2 error
		p.stdin, err1 = p.cmd.StdinPipe()
		out, err2 = p.cmd.StdoutPipe()
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
	} else {
		p.cmd.Stdout = log
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", label, err)
	}
	r.mu.Lock()
	r.procs = append(r.procs, p)
	r.mu.Unlock()
	if !own {
		go func() { p.cmd.Wait(); close(p.ended) }()
		return p, nil
	}
	p.lines = bufio.NewReader(out)
	line, err := p.lines.ReadBytes('\n')
	go func() { p.cmd.Wait(); close(p.ended) }() // after the read: Wait closes the pipe
	var hello struct{ Listen, Certificate string }
	if err != nil || json.Unmarshal(line, &hello) != nil {
		<-p.ended
		return nil, fmt.Errorf("%s did not tell its address:\n%s", label, p.tail())
	}
	p.Listen, p.Certificate = hello.Listen, hello.Certificate
	return p, nil
}

// URL is where it serves.
func (p *Process) URL() string { return "http://" + p.Listen }

// tail returns the end of what it logged.
func (p *Process) tail() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(b[max(0, len(b)-2000):]))
}

func (p *Process) stopped() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// stop asks it to end, and insists after the grace.
func (p *Process) stop() error {
	if p.stopped() {
		return nil
	}
	if p.stdin != nil {
		p.stdin.Close()
	} else {
		p.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(grace):
		p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end within %v and was killed", p.Label, grace)
	}
}

// await asks until f succeeds, the process ends, or ctx does.
func (p *Process) await(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended at once:\n%s", p.Label, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w (last: %v)", p.Label, context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// command writes a line to a process of the laboratory's own and reads its echo.
func (p *Process) command(line string) error {
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		return fmt.Errorf("telling %s %q: %w", p.Label, line, err)
	}
	got, err := p.lines.ReadString('\n')
	if err != nil || strings.TrimSpace(got) != line {
		return fmt.Errorf("%s was told %q and answered %q, %v", p.Label, line, got, err)
	}
	return nil
}

// run runs a command to its end and returns its standard output.
func run(ctx context.Context, binary, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(binary), strings.Join(args[:min(2, len(args))], " "), err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.String(), nil
}
