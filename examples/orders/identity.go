package orders

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Identify establishes who the caller of a request is, or answers it with 401.
type Identify func(http.Handler) http.Handler

type callerKey struct{}

func withCaller(r *http.Request, c Caller) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
}

// caller is who Identify found. A handler that runs without it is one that was
// not put behind Identify.
func caller(r *http.Request) Caller {
	c, ok := r.Context().Value(callerKey{}).(Caller)
	if !ok {
		panic("BUG: a route of the orders service is served without Identify")
	}
	return c
}

// FromGateway believes the identity headers of requests that carry the secret
// which the gateway sends in X-Auth-Gateway. Whoever holds it can be anybody.
func FromGateway(secret string) Identify {
	if secret == "" {
		panic("BUG: an empty gateway secret would let everybody in")
	}
	want := sha256.Sum256([]byte(secret)) // equal lengths, for the comparison
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got := sha256.Sum256([]byte(r.Header.Get("X-Auth-Gateway")))
			subject := r.Header.Get("X-Auth-Subject")
			if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || subject == "" {
				w.Header().Set("WWW-Authenticate", "Bearer")
				fail(w, http.StatusUnauthorized, "this service is reached through the gateway")
				return
			}
			c := Caller{Subject: subject}
			if roles := r.Header.Get("X-Auth-Roles"); roles != "" {
				c.Roles = strings.Split(roles, ",")
			}
			next.ServeHTTP(w, withCaller(r, c))
		})
	}
}
