// Package wire reads HTTP/1.1 (RFC 9112) as bytes, strictly: request heads,
// response heads, chunked bodies. It is the only parser of what the gateway
// forwards, so nothing is ever read one way by the decision and another way by
// the forwarding.
//
// A head is a view of the caller's buffer and valid until those bytes move.
// Nothing here does I/O, keeps time or allocates once its slices have grown.
package wire
