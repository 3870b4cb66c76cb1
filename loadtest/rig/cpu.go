package rig

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CPU is the time all threads of the process have run, to the nanosecond, from
// the scheduler's own account.
func (p *Process) CPU() (time.Duration, error) { return cpuOf(p.cmd.Process.Pid) }

func cpuOf(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("no scheduler statistics of process %d", pid)
	}
	var sum time.Duration
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil { // the thread has ended meanwhile
			continue
		}
		ran, _, _ := strings.Cut(string(b), " ")
		n, err := strconv.ParseInt(ran, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", f, err)
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

// Ticks are the machine's processor times in the kernel's units.
type Ticks struct{ Total, Steal uint64 }

// ReadTicks reads /proc/stat.
func ReadTicks() (Ticks, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Ticks{}, err
	}
	return parseTicks(b)
}

// parseTicks adds up user, nice, system, idle, iowait, irq, softirq and steal;
// what follows (guest) is contained in user.
func parseTicks(b []byte) (Ticks, error) {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	f := strings.Fields(string(line))
	if len(f) < 9 || f[0] != "cpu" {
		return Ticks{}, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var t Ticks
	for i := 1; i <= 8; i++ {
		n, err := strconv.ParseUint(f[i], 10, 64)
		if err != nil {
			return Ticks{}, fmt.Errorf("/proc/stat: %w", err)
		}
		t.Total += n
		if i == 8 {
			t.Steal = n
		}
	}
	return t, nil
}

// StealSince is the share of all processors' time that the hypervisor gave to
// others since a reading.
func (t Ticks) StealSince(before Ticks) float64 {
	if t.Total == before.Total {
		return 0
	}
	return float64(t.Steal-before.Steal) / float64(t.Total-before.Total)
}
