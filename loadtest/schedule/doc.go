// Package schedule says when requests are to be sent.
//
// An open loop sends at moments that were fixed before the run, whatever the
// server does; latency counted from those moments cannot hide a stall
// ("coordinated omission"). The moments are offsets from the start of a run and
// come from a seed, so that every mode of a round is given the same arrivals.
//
//	a := schedule.Poisson(2000, seed)
//	first := a.Next() // 412.7µs, say
//
// An Arrivals value is not safe for concurrent use; Split makes one for each of
// several threads.
package schedule
