// Package target is the microservice the laboratory puts behind gateways: it
// answers every path with the same bytes, counts, and tells the run it belongs
// to, so that nobody measures a stranger on the same port. On request it stalls
// at fixed times, answers in chunks or over TLS, for the generator's self-test.
package target
