//go:build unix && !linux

package nice

import (
	"os"

	"golang.org/x/sys/unix"
)

// Set gives the whole process the nice value n, from 1 to 19.
func Set(n int) error {
	return os.NewSyscallError("setpriority", unix.Setpriority(unix.PRIO_PROCESS, 0, n))
}
