//go:build unix

package account

import "golang.org/x/sys/unix"

// lowerPriority has the kernel prefer other processes to this one. It is a
// favour to them: hashing goes on where it is refused.
func lowerPriority() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, workerPriority) }

// workerPriority is the nice value of a hashing process: about a tenth of the
// share of another, where both want the processor.
const workerPriority = 10
