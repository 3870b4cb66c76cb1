package httpauth

import (
	"context"
	"errors"

	"github.com/tollgate/tollgate/engine/claims"
)

// An Auth decides who a request is from. Make it with Verify or TrustGateway.
type Auth struct {
	identify func(request) (*claims.Claims, error)
}

// errNobody: the request says nothing of who it is from.
var errNobody = errors.New("no credentials")

// errRequest: the request says it in a way that has no one meaning.
var errRequest = errors.New("ambiguous credentials")

// ErrUnavailable, in the error of a Verifier, says that it cannot decide at
// present. The request is answered with 503, and its token is not blamed.
var ErrUnavailable = errors.New("tokens cannot be verified at the moment")

// request is what the ways to identify a caller need of a request.
type request interface {
	// appendHeader appends the first value of a header field, by its canonical name,
	// to dst, and tells how many values there are.
	appendHeader(dst []byte, name string) (value []byte, values int)
	// peer is the address of the connection's other end.
	peer() string
}

// key is where the claims are kept in a context.
type key struct{}

// Caller is who the request of ctx is from, or nil outside an Auth's handlers. A
// *fasthttp.RequestCtx is such a context.
func Caller(ctx context.Context) *claims.Claims {
	c, _ := ctx.Value(key{}).(*claims.Claims)
	return c
}
