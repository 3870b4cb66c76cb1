package introspect

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize"
)

type endpoint struct {
	methods string // as Allow lists them
	handle  func(*Service, *fasthttp.RequestCtx) error
	cross   crossOrigin
}

// takes reports whether an endpoint answers a method.
func (e endpoint) takes(method string) bool {
	return slices.Contains(strings.Split(e.methods, ", "), method)
}

// page is an endpoint that people see.
func page(handle func(*authorize.Server, *fasthttp.RequestCtx) error) func(*Service, *fasthttp.RequestCtx) error {
	return func(s *Service, ctx *fasthttp.RequestCtx) error { return handle(s.browser, ctx) }
}

const (
	get  = "GET, HEAD"
	post = "POST"
	both = "GET, HEAD, POST"
)

var endpoints = map[string]endpoint{
	"/login":                 {post, (*Service).login, nobody},
	"/oauth2/token":          {post, (*Service).token, applications},
	"/oauth2/par":            {post, (*Service).push, applications},
	"/oauth2/introspect":     {post, (*Service).introspect, nobody},
	"/oauth2/revoke":         {post, (*Service).revoke, applications},
	"/revocations":           {get, (*Service).revocations, nobody},
	"/oauth2/userinfo":       {both, (*Service).userinfo, applications},
	"/.well-known/jwks.json": {get, (*Service).keySet, anybody},
	metadataPath:             {get, (*Service).metadata, anybody},
	discoveryPath:            {get, (*Service).metadata, anybody},

	authorize.PathAuthorize: {both, page((*authorize.Server).Authorize), nobody},
	authorize.PathLogin:     {post, page((*authorize.Server).Login), nobody},
	authorize.PathConsent:   {both, page((*authorize.Server).Consent), nobody},
	authorize.PathFactor:    {both, page((*authorize.Server).Factor), nobody},
	authorize.PathSecond:    {both, page((*authorize.Server).Second), nobody},
	authorize.PathStyle:     {get, page((*authorize.Server).Style), nobody},
	authorize.PathScript:    {get, page((*authorize.Server).Script), nobody},
	authorize.PathIcon:      {get, page((*authorize.Server).Icon), nobody},
	authorize.PathLogout:    {both, page((*authorize.Server).Logout), nobody},
	"/account/password":     {post, (*Service).changePassword, nobody},

	authorize.PathAccount: {both, page((*authorize.Server).Account), nobody},
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
	} else if path == discoveryPath+s.below {
		ctx.URI().SetPath(discoveryPath)
	} else if rest, ok := strings.CutPrefix(path, s.below); ok && endpoints[rest].handle != nil {
		ctx.URI().SetPath(rest)
	}
}

// allowed is the Allow header of a path.
func allowed(path string) string { return endpoints[path].methods }

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
	preflight, err := s.cors(ctx, e)
	switch {
	case err != nil || preflight:
	case !e.takes(string(ctx.Method())):
		err = errMethod
	default:
		err = e.handle(s, ctx)
	}
	outcome := "ok"
	if err != nil {
		outcome = s.fail(ctx, err)
	}
	s.metrics.count(string(ctx.Path()), outcome, time.Since(begin))
}
