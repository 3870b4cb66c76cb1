package nice

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Set gives the whole process the nice value n, from 1 to 19. Linux keeps one a
// thread, and setpriority(2) means the thread that calls: here it is each of
// them, and those that they start inherit it.
func Set(n int) error {
	for {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		done := true
		for _, thread := range threads {
			tid, err := strconv.Atoi(thread.Name())
			if err != nil {
				return err
			}
			have, err := unix.Getpriority(unix.PRIO_PROCESS, tid) // 20 - nice
			if err == nil && 20-have >= n {
				continue
			}
			if err == nil {
				err = unix.Setpriority(unix.PRIO_PROCESS, tid, n)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) { // it may have ended
				return os.NewSyscallError("setpriority", err)
			}
			done = false
		}
		// Others may have been started meanwhile, by one that was not reached yet.
		if done {
			return nil
		}
	}
}
