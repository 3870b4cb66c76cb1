package httpauth

import (
	"context"
	"io"
	"net/http"
)

// Handler returns a handler that calls next for requests it knows the caller of.
func (a *Auth) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := a.identify(netRequest{r})
		if err != nil {
			refusalOf(err).write(w)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, c)))
	})
}

// Handler returns a handler that calls next for callers that p permits. It stands
// behind an Auth's.
func (p Permission) Handler(next http.Handler) http.Handler {
	no := p.refusal()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch c := Caller(r.Context()); {
		case c == nil:
			nobody.write(w)
		case !p.Permits(c):
			no.write(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (f *refusal) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set(f.field())
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, f.body) // a client that has gone does not need it
}

type netRequest struct{ r *http.Request }

func (n netRequest) appendHeader(dst []byte, name string) ([]byte, int) {
	values := n.r.Header[name]
	if len(values) > 0 {
		dst = append(dst, values[0]...)
	}
	return dst, len(values)
}

func (n netRequest) peer() string { return n.r.RemoteAddr }
