package introspect

import (
	"net/url"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

type endpoint struct {
	method string
	handle func(*Service, *fasthttp.RequestCtx) error
}

var endpoints = map[string]endpoint{
	"/login":                 {"POST", (*Service).login},
	"/oauth2/token":          {"POST", (*Service).token},
	"/oauth2/introspect":     {"POST", (*Service).introspect},
	"/oauth2/revoke":         {"POST", (*Service).revoke},
	"/revocations":           {"GET", (*Service).revocations},
	"/.well-known/jwks.json": {"GET", (*Service).keySet},
	metadataPath:             {"GET", (*Service).metadata},
}

// issuerPath is the path of an issuer that has one, without a slash at its end.
func issuerPath(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		panic("BUG: " + err.Error()) // Check has read it
	}
	return strings.TrimSuffix(u.Path, "/")
}

// place turns the path of a request into that of an endpoint where the issuer
// has a path: endpoints are below it, the metadata is above it (RFC 8414,
// section 3.1). Whoever takes the issuer's path off on the way is served too.
func (s *Service) place(ctx *fasthttp.RequestCtx) {
	if s.below == "" {
		return
	}
	path := string(ctx.Path())
	if path == metadataPath+s.below {
		ctx.URI().SetPath(metadataPath)
	} else if rest, ok := strings.CutPrefix(path, s.below); ok && endpoints[rest].handle != nil {
		ctx.URI().SetPath(rest)
	}
}

// allowed is the Allow header of a path.
func allowed(path string) string {
	if e := endpoints[path]; e.method == "GET" {
		return "GET, HEAD"
	}
	return "POST"
}

// serve answers one request.
func (s *Service) serve(ctx *fasthttp.RequestCtx) {
	begin := time.Now()
	s.place(ctx)
	e, ok := endpoints[string(ctx.Path())]
	if !ok {
		s.fail(ctx, errNotFound)
		s.metrics.unknown.Inc()
		return
	}
	err := error(errMethod)
	if method := string(ctx.Method()); method == e.method || e.method == "GET" && method == "HEAD" {
		err = e.handle(s, ctx)
	}
	outcome := "ok"
	if err != nil {
		outcome = s.fail(ctx, err)
	}
	s.metrics.count(string(ctx.Path()), outcome, time.Since(begin))
}
