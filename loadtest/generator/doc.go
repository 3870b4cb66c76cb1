// Package generator sends HTTP requests on a schedule and measures the answers.
//
// In the open loop every request has an intended moment, fixed before the run.
// Three things are measured of each request, in nanoseconds, in HdrHistograms:
//
//	response  from the intended moment to the last byte of the answer: what a
//	          caller who arrives at that moment experiences
//	service   from the moment of sending to the last byte of the answer
//	lateness  from the moment at which it could have been sent (the intended
//	          one, or later if all connections that there may be were busy) to
//	          the moment it was: the generator's own fault, which includes having
//	          to open another connection first
//
// A request that finds every connection busy waits for one, and its wait is part
// of its response time. In the closed loop every connection sends as soon as it
// has its answer; there is no intended moment, so only service times mean
// anything, and the one use of it is to find the capacity.
//
// Each thread is one goroutine locked to its thread around one poll.Poller, with
// its own connections, its own part of the schedule and its own histograms; they
// are merged at the end. Connections are opened (and their TLS handshakes made)
// by another goroutine, so that a reconnect does not make a request late.
//
// A Requests value is used by one thread; everything else is safe to share.
package generator
