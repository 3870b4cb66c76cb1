// Package netio moves bytes on connections for one goroutine each, cheaply.
//
// On a plain TCP or Unix socket it reads and writes by system call inside the
// runtime's poller (syscall.RawConn), and arranges the calls so that none of
// them is made only to learn that it would block. Anything else, TLS above
// all, goes through net.Conn with the same results.
//
// Deadlines are coarse: a Watchdog looks at all connections a few times a
// second and expires those that are due, which costs an atomic store a change
// where SetDeadline costs 0.4 µs.
package netio
