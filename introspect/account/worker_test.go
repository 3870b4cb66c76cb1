package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain is a hashing process where it is told to be.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "hash" {
		if err := Work(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func outsourced(t *testing.T, concurrency int) *Hasher {
	t.Helper()
	h := newHasher(t, cheap, concurrency, 100, time.Minute)
	if err := h.Outsource(os.Args[0], "hash"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
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

// A process that dies fails the login it was at, and no other.
func TestWorkerDies(t *testing.T) {
	h := outsourced(t, 1)
	phc, err := h.Hash(t.Context(), []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	e := <-h.free
	e.(*worker).cmd.Process.Kill()
	h.free <- e
	if ok, _, err := h.Check(t.Context(), phc, []byte("secret")); ok || err == nil || !strings.Contains(err.Error(), "hashing process") {
		t.Errorf("%v, %v", ok, err)
	}
	if ok, _, err := h.Check(t.Context(), phc, []byte("secret")); !ok || err != nil {
		t.Errorf("after it: %v, %v", ok, err)
	}
}

// Close ends a process that is in the middle of a hash, and one that is not.
func TestWorkerClosed(t *testing.T) {
	h := outsourced(t, 2)
	var processes []*os.Process
	for range 2 {
		w := (<-h.free).(*worker)
		processes = append(processes, w.cmd.Process)
		h.free <- w
	}
	long := strings.Replace(newHash([]byte("secret"), cheap), "m=8192,t=1", "m=1048576,t=64", 1) // minutes
	checked := make(chan error, 1)
	go func() {
		_, _, err := h.Check(t.Context(), long, []byte("secret"))
		checked <- err
	}()
	for len(h.free) == 2 {
		time.Sleep(time.Millisecond)
	}
	h.Close()
	if err := <-checked; err == nil || !strings.Contains(err.Error(), "hashing process") {
		t.Errorf("in the middle: %v", err)
	}
	if _, err := h.Hash(t.Context(), []byte("secret")); !errors.Is(err, context.Canceled) {
		t.Errorf("after it: %v", err)
	}
	for _, p := range processes {
		if err := p.Kill(); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("a process: %v", err)
		}
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
