package netio

import "golang.org/x/sys/unix"

// limitUnsent has the kernel take no more than bytes ahead of what the peer has
// room for.
func limitUnsent(fd uintptr, bytes int) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, bytes) // without it, the kernel takes more
}
