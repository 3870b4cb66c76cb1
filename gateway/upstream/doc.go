// Package upstream keeps the connections to what stands behind the gateway:
// for each upstream a set of addresses, a small pool of idle connections to
// each, and an opinion of which addresses are well.
package upstream
