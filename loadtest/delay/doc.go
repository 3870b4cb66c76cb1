// Package delay is the network between a gateway and its security service.
//
// A Proxy accepts connections, opens one each to where they should go, and holds
// every piece of bytes for half the round trip in each direction. Delays are
// pipelined, as on a wire: what follows is not held up by what is under way. One
// thread does it all, on a poll.Poller, so that half a millisecond is half a
// millisecond; what distance came out is still measured, by asking through it.
//
// A stall lets nothing through in either direction until it is over, while
// connections stay open: a peer that has stopped answering.
//
// Opening a connection is not delayed; the pools on both sides keep theirs.
package delay
