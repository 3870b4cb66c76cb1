package httpauth

import (
	"bytes"
	"sync"

	"github.com/tollgate/tollgate/engine/claims"
)

// A Verifier tells the claims of a token it finds good. It does not keep the
// token. *engine.Engine is one.
type Verifier interface {
	Verify(token []byte) (*claims.Claims, error)
}

// buffers hold tokens while they are verified. A larger one than any token needs
// is not kept.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxBuffer = 16 << 10

// Verify returns an Auth that takes the bearer token of the Authorization header
// (RFC 6750, section 2.1) and asks v about it. Tokens in forms and queries are
// not looked for.
func Verify(v Verifier) *Auth {
	return &Auth{func(r request) (*claims.Claims, error) {
		buffer := buffers.Get().(*[]byte)
		defer buffers.Put(buffer)
		value, values := r.appendHeader((*buffer)[:0], "Authorization")
		if cap(value) <= maxBuffer {
			*buffer = value
		}
		if values > 1 {
			return nil, errRequest
		}
		token, ok := bearer(value)
		if !ok {
			return nil, errNobody
		}
		return v.Verify(token)
	}}
}

// bearer takes the token out of credentials (RFC 9110, section 11.4).
func bearer(credentials []byte) (token []byte, ok bool) {
	scheme, token, _ := bytes.Cut(credentials, []byte(" "))
	return bytes.TrimLeft(token, " "), bytes.EqualFold(scheme, []byte("Bearer"))
}
