package introspect

import (
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
	"/.well-known/oauth-authorization-server": {"GET", (*Service).metadata},
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
