// Package bench holds the benchmarks of Tollgate against its peers, in a
// module of its own so that the peers stay out of Tollgate's.
package bench
