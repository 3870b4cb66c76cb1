package edge

import (
	"math/rand/v2"

	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// An id names one request in every log it passes: 16 random bytes in
// hexadecimal, which is also the form of a trace id (W3C Trace Context).
type id [32]byte

func newID() (n id) {
	hex16(n[:16], rand.Uint64())
	hex16(n[16:], rand.Uint64()|1) // a trace id is not all zeros
	return n
}

func hex16(dst []byte, v uint64) {
	for i := range 16 {
		dst[15-i] = "0123456789abcdef"[v&15]
		v >>= 4
	}
}

// requestID is the id of a request: a new one, unless a trusted proxy has given
// it one of our form.
func requestID(r *wire.Request, trusted bool) id {
	if v := r.Value(wire.RequestID); trusted && len(v) == len(id{}) && validID(v) {
		return id(v)
	}
	return newID()
}

// appendTrace adds a traceparent: the client's where it has a valid one, else
// one that begins the trace here, under the request's id.
func appendTrace(dst []byte, r *wire.Request, n *id) []byte {
	dst = append(dst, "traceparent: "...)
	if v := r.Value(wire.TraceParent); validTrace(v) {
		dst = append(dst, v...)
		return append(dst, "\r\n"...)
	}
	if !validTraceID(n) { // a trusted proxy's
		other := newID()
		n = &other
	}
	var span [16]byte
	hex16(span[:], rand.Uint64()|1)
	dst = append(dst, "00-"...)
	dst = append(dst, n[:]...)
	dst = append(dst, '-')
	dst = append(dst, span[:]...)
	return append(dst, "-00\r\n"...)
}

// validTraceID reports whether n can be a trace id: lower-case hexadecimal
// digits, not all of them zeros.
func validTraceID(n *id) bool {
	any := byte('0')
	for _, c := range n {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
		any |= c
	}
	return any != '0'
}

// validTrace checks the form of version 00: 2, 32, 16 and 2 hexadecimal digits,
// the ids not all zeros.
func validTrace(v []byte) bool {
	if len(v) != 55 || v[2] != '-' || v[35] != '-' || v[52] != '-' || string(v[:2]) != "00" {
		return false
	}
	trace, span := byte('0'), byte('0')
	for i, c := range v {
		switch {
		case i == 2 || i == 35 || i == 52:
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
			if i < 35 && i > 2 {
				trace |= c
			} else if i > 35 && i < 52 {
				span |= c
			}
		default:
			return false
		}
	}
	return trace != '0' && span != '0'
}

// validID reports whether a trusted proxy's request id may be taken over.
func validID(v []byte) bool {
	if len(v) == 0 || len(v) > 128 {
		return false
	}
	for _, c := range v {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
