package netio

import "syscall"

// LimitUnsent bounds, where the system can, how many bytes the kernel takes ahead
// of what the peer has room for. Otherwise that grows to megabytes: memory that a
// peer who reads nothing holds, and time until a write to it waits at all.
func (c *Conn) LimitUnsent(bytes int) {
	if c.below != nil {
		_ = c.below.Control(func(fd uintptr) { limitUnsent(fd, bytes) })
	}
}

// abandon has Close drop what was written and not yet acknowledged: the kernel
// would go on offering it to a peer who does not take it.
func (c *Conn) abandon() {
	if c.below != nil {
		_ = c.below.Control(func(fd uintptr) {
			_ = syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
		})
	}
}
