//go:build !linux

package netio

// limitUnsent leaves it to the system how much it takes.
func limitUnsent(fd uintptr, bytes int) {}
