package introspect

import (
	"bytes"
	"slices"

	"github.com/valyala/fasthttp"
)

// form is the body of a request to an OAuth endpoint (RFC 6749, appendix B).
type form struct{ args *fasthttp.Args }

const maxParameters = 32

var formType = []byte("application/x-www-form-urlencoded")

// readForm reads the body. Each parameter may be there once, those in repeated
// aside; nothing is read from the URL, where logs would keep it.
func readForm(ctx *fasthttp.RequestCtx, repeated ...string) (form, error) {
	if len(ctx.URI().QueryString()) > 0 {
		return form{}, invalidRequest("parameters belong in the body")
	}
	kind, _, _ := bytes.Cut(ctx.Request.Header.ContentType(), []byte(";"))
	if !bytes.EqualFold(bytes.TrimSpace(kind), formType) {
		return form{}, invalidRequest("body must be application/x-www-form-urlencoded")
	}
	args := ctx.PostArgs()
	if args.Len() > maxParameters {
		return form{}, invalidRequest("too many parameters")
	}
	var names [maxParameters][]byte
	n := 0
	for k := range args.All() {
		if slices.ContainsFunc(names[:n], func(seen []byte) bool { return bytes.Equal(seen, k) }) &&
			!slices.Contains(repeated, string(k)) {
			return form{}, invalidRequest("a parameter is repeated")
		}
		names[n] = k
		n++
	}
	return form{args}, nil
}

// get is the value of a parameter. One that is empty counts as absent
// (RFC 6749, section 3.2).
func (f form) get(name string) string { return string(f.args.Peek(name)) }

// peek is get without a copy; the bytes die with the request.
func (f form) peek(name string) []byte { return f.args.Peek(name) }

// all are the values of a parameter that may be repeated.
func (f form) all(name string) []string {
	var values []string
	for _, v := range f.args.PeekMulti(name) {
		if len(v) > 0 {
			values = append(values, string(v))
		}
	}
	return values
}
