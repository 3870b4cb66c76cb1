// Package speed measures the security service. It has benchmarks alone:
//
//	go test ./introspect/speed -run '^$' -bench . -benchtime 1x
//
// Introspection is measured beside a fasthttp handler that answers the same
// bytes from memory, turn by turn in the same process, in processor time that
// getrusage charges to that process; the load comes from another one. What
// depends on the disk depends on this one's disk, and is best read as a ratio.
package speed
