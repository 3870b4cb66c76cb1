package netio

import (
	"errors"
	"io"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// enough milliseconds fill the kernel's buffers, whatever else the machine does.
const enough = 1000

// A peer that does not read in time is cut off: nothing more is kept for it.
func TestAbandon(t *testing.T) {
	w := NewWatchdog()
	defer w.Stop()
	near, far := pair(t)
	w.Add(near)
	defer w.Remove(near)
	much := make([]byte, 64<<20)
	near.ExpireWrite(w.Now() + enough)
	sent, err := near.Write(much)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	near.Close()
	time.Sleep(10 * time.Millisecond) // for the reset to arrive, lest the reader drain the sender's buffer first
	got, err := io.Copy(io.Discard, far)
	if !errors.Is(err, syscall.ECONNRESET) || got >= int64(sent) {
		t.Errorf("%d bytes of %d came, %v", got, sent, err)
	}
}

// With a bound, a peer that reads nothing is noticed after little more than that.
func TestLimitUnsent(t *testing.T) {
	w := NewWatchdog()
	defer w.Stop()
	much := make([]byte, 64<<20)
	sent := func(limit int) int {
		near, _ := pair(t)
		w.Add(near)
		defer w.Remove(near)
		if limit > 0 {
			near.LimitUnsent(limit)
		}
		near.ExpireWrite(w.Now() + enough)
		n, err := near.Write(much)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		return n
	}
	free, limited := sent(0), sent(64<<10)
	t.Logf("taken without a reader: %d bytes, %d with a bound", free, limited)
	if limited >= free && runtime.GOOS == "linux" {
		t.Errorf("the bound has no effect: %d bytes of %d", limited, free)
	}
}
