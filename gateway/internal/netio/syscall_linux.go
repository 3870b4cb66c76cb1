package netio

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Reads and writes of a socket that does not block need no word with the
// scheduler, which syscall.Read and Write have before and after (about 0.1 µs,
// and now and then a processor handed to another thread). A call that has
// nothing to do returns EAGAIN at once.

func sysRead(fd uintptr, p []byte) (int, syscall.Errno) { return sysCall(syscall.SYS_READ, fd, p) }

func sysWrite(fd uintptr, p []byte) (int, syscall.Errno) { return sysCall(syscall.SYS_WRITE, fd, p) }

func sysCall(trap, fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(trap, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// hungUp reports whether the peer has sent its last byte, be it read or not.
func hungUp(fd uintptr) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(p, 0)
	return n == 1 && err == nil && p[0].Revents != 0
}
