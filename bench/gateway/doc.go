// Command gateway measures what a request costs the gateway, in CPU time of its
// process, beside a minimal fasthttp proxy and, where installed, nginx and
// HAProxy with and without the equivalent authentication:
//
//	go run ./gateway
//
// Everything runs on this machine, each part in a process of its own: one
// upstream that answers 1 KiB, one security service, the gateways, and the
// generator, which keeps its connections open and sends at a fixed rate (or, at
// rate 0, as fast as answers come). Rounds visit all gateways in random order;
// the figures are medians over rounds, and the ratios are taken within a round,
// against the reference of the same round.
package main
