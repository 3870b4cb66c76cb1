package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain is a hashing process where it is told to be: "hash", or "dies FILE N",
// one of which the first N die with an answer not yet given. Each adds a byte to
// FILE when it comes to that.
func TestMain(m *testing.M) {
	var out io.Writer = os.Stdout
	switch {
	case len(os.Args) == 4 && os.Args[1] == "dies":
		n, err := strconv.Atoi(os.Args[3])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out = &dying{file: os.Args[2], left: n}
	case len(os.Args) != 2 || os.Args[1] != "hash":
		os.Exit(m.Run())
	}
	if err := Work(os.Stdin, out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// dying is the standard output of a process that is killed before it writes,
// as by a kernel that wants its memory back.
type dying struct {
	file string
	left int
	once sync.Once
}

func (d *dying) Write(b []byte) (n int, err error) {
	d.once.Do(func() { err = d.come() })
	if err != nil {
		return 0, err
	}
	return os.Stdout.Write(b)
}

func (d *dying) come() error {
	f, err := os.OpenFile(d.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString("x"); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil || info.Size() > int64(d.left) {
		return err
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if err := self.Kill(); err != nil {
		return err
	}
	select {}
}

func outsourced(t *testing.T, concurrency int, args ...string) *Hasher {
	t.Helper()
	if args == nil {
		args = []string{"hash"}
	}
	h := newHasher(t, cheap, concurrency, 100, time.Minute)
	h.work = time.Minute // however slow the machine
	if err := h.Outsource(append([]string{os.Args[0]}, args...)...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// idle is the processes of h while it hashes nothing.
func idle(h *Hasher) (all []*process) {
	var engines []engine
	for range cap(h.free) {
		e := <-h.free
		all = append(all, e.(*worker).p)
		engines = append(engines, e)
	}
	for _, e := range engines {
		h.free <- e
	}
	return all
}

// over checks that a process is no more, and has been waited for.
func over(t *testing.T, p *process, how string) {
	t.Helper()
	<-p.ended
	if got := p.cmd.ProcessState.String(); got != how {
		t.Errorf("a process ended with %q, want %q", got, how)
	}
	if err := p.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a process: %v", err)
	}
}

// checked checks a password that is good.
func checked(t *testing.T, h *Hasher, phc string) {
	t.Helper()
	if ok, _, err := h.Check(t.Context(), phc, []byte("secret")); !ok || err != nil {
		t.Errorf("Check = %v, %v", ok, err)
	}
}

// In a process of its own or in this one, the same.
func TestWorker(t *testing.T) {
	far, near := outsourced(t, 2), newHasher(t, cheap, 1, 1, time.Minute)
	older := newHash([]byte("secret"), Params{MemoryKiB: 9 << 10, Time: 2, Parallel: 2})
	phc, err := far.Hash(t.Context(), []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{phc, older, "", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"} {
		for _, password := range []string{"secret", "Secret", "U*U", "no password"} {
			want, anew, err := near.Check(t.Context(), kept, []byte(password))
			got, better, ferr := far.Check(t.Context(), kept, []byte(password))
			if got != want || (better != "") != (anew != "") || err != nil || ferr != nil {
				t.Errorf("Check(%.20q, %q) = %v, %q, %v; want %v, %q, %v", kept, password, got, better, ferr, want, anew, err)
			}
		}
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if ok, _, err := far.Check(t.Context(), phc, []byte("secret")); !ok || err != nil {
				t.Errorf("%v, %v", ok, err)
			}
		})
	}
	all.Wait()
}

// A process that dies while it has nothing to do is missed by nobody.
func TestWorkerDiesIdle(t *testing.T) {
	h := outsourced(t, 1)
	phc := newHash([]byte("secret"), cheap)
	for range 3 {
		p := idle(h)[0]
		p.cmd.Process.Kill()
		checked(t, h, phc)
		over(t, p, "signal: killed")
	}
	if n := h.Lost(); n != 3 {
		t.Errorf("%d processes lost, want 3", n)
	}
}

// Signals to the whole group, as from a terminal, are the service's to heed.
func TestWorkerLeavesSignals(t *testing.T) {
	h := outsourced(t, 1)
	phc := newHash([]byte("secret"), cheap)
	checked(t, h, phc)
	p := idle(h)[0]
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if err := p.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
	}
	checked(t, h, phc)
	if idle(h)[0] != p {
		t.Error("the process was replaced")
	}
}

// What a process died at is done by another, for who is known and who is not.
func TestWorkerDiesOnce(t *testing.T) {
	for _, kept := range []string{newHash([]byte("secret"), cheap), ""} {
		file := filepath.Join(t.TempDir(), "deaths")
		h := outsourced(t, 1, "dies", file, "1")
		first := idle(h)[0]
		if ok, _, err := h.Check(t.Context(), kept, []byte("secret")); ok != (kept != "") || err != nil {
			t.Errorf("Check(%.10q) = %v, %v", kept, ok, err)
		}
		over(t, first, "signal: killed")
		came(t, file, 2)
	}
	file := filepath.Join(t.TempDir(), "deaths")
	phc, err := outsourced(t, 1, "dies", file, "1").Hash(t.Context(), []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	checked(t, outsourced(t, 1), phc)
	came(t, file, 2)
}

// came checks how many processes of "dies" had something to answer.
func came(t *testing.T, file string, want int) {
	t.Helper()
	if b, err := os.ReadFile(file); err != nil || len(b) != want {
		t.Errorf("%d processes had an answer, want %d; %v", len(b), want, err)
	}
}

// What two processes died at is not given to a third, and the next is.
func TestWorkerDiesTwice(t *testing.T) {
	const want = "hashing process died twice at one password: signal: killed"
	phc := newHash([]byte("secret"), cheap)
	for _, kept := range []string{phc, ""} {
		file := filepath.Join(t.TempDir(), "deaths")
		h := outsourced(t, 1, "dies", file, "4")
		for i := range 2 {
			if ok, _, err := h.Check(t.Context(), kept, []byte("secret")); ok || err == nil || err.Error() != want || errors.Is(err, ErrBusy) {
				t.Errorf("Check(%.10q) = %v, %v; want %s", kept, ok, err, want)
			}
			came(t, file, 2*i+2)
		}
		checked(t, h, phc)
		came(t, file, 5)
	}
}

// A kill from outside, in the middle of a hash.
func TestWorkerKilledInTheMiddle(t *testing.T) {
	h := outsourced(t, 1)
	phc := newHash([]byte("secret"), Params{MemoryKiB: 8 << 10, Time: 64, Parallel: 1})
	p := idle(h)[0]
	done := make(chan struct{})
	go func() { defer close(done); checked(t, h, phc) }()
	for began := processorTime(t, p); processorTime(t, p) < began+2; {
		time.Sleep(time.Millisecond) // until it is at it
	}
	p.cmd.Process.Kill()
	<-done
	over(t, p, "signal: killed")
}

// processorTime is what p has used, in hundredths of a second (proc_pid_stat(5)).
func processorTime(t *testing.T, p *process) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if os.IsNotExist(err) {
		t.Skip("no /proc here")
	}
	if err != nil {
		t.Fatal(err)
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	n, err := strconv.Atoi(strings.Fields(fields)[11]) // utime
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A process that is stopped is killed, and who waited for it is told to come
// back; those that wait behind them have another.
func TestWorkerHangs(t *testing.T) {
	for _, kept := range []string{newHash([]byte("secret"), cheap), ""} {
		h := outsourced(t, 1)
		for range 2 {
			p := idle(h)[0]
			if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			h.work = 50 * time.Millisecond
			if ok, _, err := h.Check(t.Context(), kept, []byte("secret")); ok || err != ErrHung {
				t.Errorf("Check(%.10q) = %v, %v; want %v", kept, ok, err, ErrHung)
			}
			over(t, p, "signal: killed")
			h.work = time.Minute
			if ok, _, err := h.Check(t.Context(), kept, []byte("secret")); ok != (kept != "") || err != nil {
				t.Errorf("after it: Check(%.10q) = %v, %v", kept, ok, err)
			}
		}
		if n := len(h.free); n != 1 || h.Waiting() != 0 {
			t.Errorf("%d may hash and %d wait, want 1 and 0", n, h.Waiting())
		}
	}
	if !errors.Is(ErrHung, ErrBusy) {
		t.Error("ErrHung is not ErrBusy")
	}
}

// Whatever the processes do, no turn, process or goroutine is lost.
func TestWorkersAreNotLost(t *testing.T) {
	before := runtime.NumGoroutine()
	file := filepath.Join(t.TempDir(), "deaths")
	h := outsourced(t, 2, "dies", file, "1000")
	h.work = 50 * time.Millisecond
	seen := map[*process]bool{}
	for i := range 10 {
		for _, p := range idle(h) {
			seen[p] = true
			if i%2 == 0 {
				p.cmd.Process.Signal(syscall.SIGSTOP) // one that is over is none the worse
			}
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if ok, _, err := h.Check(t.Context(), "", []byte("secret")); ok || err == nil {
					t.Errorf("Check = %v, %v", ok, err)
				}
			})
		}
		all.Wait()
		if n := len(h.free); n != 2 || h.Waiting() != 0 {
			t.Fatalf("%d may hash and %d wait, want 2 and 0", n, h.Waiting())
		}
	}
	h.Close()
	for p := range seen {
		over(t, p, "signal: killed")
	}
	for start := time.Now(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("%d goroutines, and %d before", runtime.NumGoroutine(), before)
		}
	}
}

// What answers with something else is no death, and is told as what it is.
func TestWorkerAnswersNonsense(t *testing.T) {
	h := newHasher(t, cheap, 1, 1, time.Minute)
	if err := h.Outsource("/bin/cat"); err != nil {
		t.Skip(err)
	}
	defer h.Close()
	ok, _, err := h.Check(t.Context(), "", []byte("hunter2 and more"))
	if ok || err == nil || !strings.HasPrefix(err.Error(), "hashing process: gob: ") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v, %v", ok, err)
	}
}

// Close ends a process that is in the middle of a hash, one that is stopped,
// and one that has nothing to do.
func TestWorkerClosed(t *testing.T) {
	h := outsourced(t, 3)
	processes := idle(h)
	if err := processes[2].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	long := strings.Replace(newHash([]byte("secret"), cheap), "m=8192,t=1", "m=16384,t=64", 1) // seconds
	checked := make(chan error, 1)
	go func() {
		_, _, err := h.Check(t.Context(), long, []byte("secret"))
		checked <- err
	}()
	for len(h.free) == 3 {
		time.Sleep(time.Millisecond)
	}
	h.Close()
	for i, p := range processes {
		select {
		case <-p.ended:
		default:
			t.Errorf("process %d is there after Close", i)
		}
	}
	if err := <-checked; err == nil || err.Error() != "hashing process: context canceled" {
		t.Errorf("in the middle: %v", err)
	}
	if _, err := h.Hash(t.Context(), []byte("secret")); !errors.Is(err, context.Canceled) {
		t.Errorf("after it: %v", err)
	}
	for _, p := range processes {
		over(t, p, "signal: killed")
	}
}

func TestOutsourceRefuses(t *testing.T) {
	h := newHasher(t, cheap, 2, 1, time.Second)
	if err := h.Outsource("/nonexistent/program"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// What is no task ends the process, and so does the end of its input.
func TestWork(t *testing.T) {
	if err := work(strings.NewReader(""), new(bytes.Buffer)); err != nil {
		t.Errorf("the end: %v", err)
	}
	if err := work(strings.NewReader("\x05hello"), new(bytes.Buffer)); err == nil {
		t.Error("no task, and no error")
	}
}
