package account

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// giveWay lets other goroutines run, and other threads: Linux takes a processor
// away from a thread that computes after milliseconds only, for which whoever
// was to be answered meanwhile would wait.
func giveWay() {
	runtime.Gosched()
	_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) // cannot fail
}
