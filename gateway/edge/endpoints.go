package edge

import (
	"bytes"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// maxLocalBody bounds what is sent to the gateway itself, in bytes.
const maxLocalBody = 64 << 10

// A Service is the security service as the gateway's endpoints use it. The
// outcome is Served where out is the answer, and else what to answer instead.
// from is the client's address.
type Service interface {
	Login(in *fasthttp.Request, out *fasthttp.Response, from string) Outcome
	Relay(in *fasthttp.Request, out *fasthttp.Response, from string) Outcome
	Page(in *fasthttp.Request, out *fasthttp.Response, from string) Outcome
	Logout(token []byte) Outcome
}

// An endpoint is a path that the gateway answers itself, or has the security
// service answer. No route of the configuration can take its place.
type endpoint struct {
	methods []string
	bounded bool // it may cost the service a password hash
	handle  func(s *Server, ctx *fasthttp.RequestCtx, from string) Outcome
}

var (
	loginEndpoint    = &endpoint{[]string{"POST"}, true, (*Server).login}
	logoutEndpoint   = &endpoint{[]string{"POST"}, false, (*Server).logout}
	oauthEndpoint    = &endpoint{[]string{"POST"}, true, (*Server).relay}
	documentEndpoint = &endpoint{[]string{"GET", "HEAD"}, false, (*Server).relay}
	infoEndpoint     = &endpoint{[]string{"GET", "HEAD", "POST"}, false, (*Server).relay}
	pageEndpoint     = &endpoint{[]string{"GET", "HEAD", "POST"}, false, (*Server).page}
	formEndpoint     = &endpoint{[]string{"POST"}, true, (*Server).page}
)

var endpoints = map[string]*endpoint{
	"/login":                                  loginEndpoint,
	"/logout":                                 logoutEndpoint,
	"/account":                                pageEndpoint,
	"/account/factor":                         pageEndpoint,
	"/account/password":                       formEndpoint,
	"/oauth2/authorize":                       pageEndpoint,
	"/oauth2/authorize/consent":               pageEndpoint,
	"/oauth2/authorize/factor":                pageEndpoint,
	"/oauth2/authorize/icon.svg":              pageEndpoint,
	"/oauth2/authorize/login":                 formEndpoint,
	"/oauth2/authorize/post.js":               pageEndpoint,
	"/oauth2/authorize/style.css":             pageEndpoint,
	"/oauth2/logout":                          pageEndpoint,
	"/oauth2/par":                             oauthEndpoint,
	"/oauth2/revoke":                          oauthEndpoint,
	"/oauth2/token":                           oauthEndpoint,
	"/oauth2/userinfo":                        infoEndpoint,
	"/.well-known/jwks.json":                  documentEndpoint,
	"/.well-known/oauth-authorization-server": documentEndpoint,
	"/.well-known/openid-configuration":       documentEndpoint,
}

// Endpoints are the paths that the gateway answers itself, before a prefix.
func Endpoints() []string { return slices.Sorted(maps.Keys(endpoints)) }

// authorizationServer is where RFC 8414 has the metadata of an issuer, before the
// path of the issuer itself.
const authorizationServer = "/.well-known/oauth-authorization-server"

// endpoint is what answers a path, nil for what is forwarded, and the path without
// the prefix.
func (s *Settings) endpoint(path []byte) (*endpoint, []byte) {
	if s.isResource(path) {
		return resourceEndpoint, path
	}
	if s.NoEndpoints || len(path) < len(s.EndpointPrefix) || string(path[:len(s.EndpointPrefix)]) != s.EndpointPrefix {
		return s.movedMetadata(path)
	}
	path = path[len(s.EndpointPrefix):]
	return endpoints[string(path)], path
}

// movedMetadata is the endpoint for the metadata of an issuer with a path, which
// RFC 8414, section 3, has at another place than under that path.
func (s *Settings) movedMetadata(path []byte) (*endpoint, []byte) {
	own, ok := bytes.CutSuffix(path, []byte(s.EndpointPrefix))
	if s.NoEndpoints || !ok || string(own) != authorizationServer {
		return nil, nil
	}
	return documentEndpoint, own
}

// passToEndpoint writes the request at hand anew, with its whole body, in the
// form that fasthttp gets to read. The outcome is Allowed, or what to answer
// instead.
func (l *lane) passToEndpoint() Outcome {
	m := l.mem
	r, b := &m.req, &m.body
	var data []byte
	if b.here {
		data = b.whole()
	} else {
		b.max = maxLocalBody
		if r.ContentLength > maxLocalBody {
			return bodyTooLarge
		}
		if l.sendContinue() != nil {
			return clientGone
		}
		for {
			piece, err := b.next()
			data = append(data, piece...)
			if err == io.EOF {
				break
			}
			if err != nil {
				l.nc.Revive(l.s.soon())
				return bodyFailure(err)
			}
		}
		l.lingers = false
	}
	out := m.out[:0]
	out = append(out, r.Method...)
	out = append(out, ' ')
	// The path of an endpoint is written in one way, whichever the client chose.
	out = append(out, l.x.path...)
	if i := bytes.IndexByte(r.Target, '?'); i >= 0 {
		out = append(out, r.Target[i:]...)
	}
	out = append(out, " HTTP/1."...)
	out = append(out, '0'+byte(r.Minor))
	out = append(out, "\r\n"...)
	if len(r.Host) > 0 {
		out = append(out, "Host: "...)
		out = append(out, r.Host...)
		out = append(out, "\r\n"...)
	}
	for i := range r.List {
		if f := &r.List[i]; f.Name == wire.Other || f.Name == wire.Authorization || f.Name == wire.APIKey {
			out = append(out, f.Key...)
			out = append(out, ": "...)
			out = append(out, f.Value...)
			out = append(out, "\r\n"...)
		}
	}
	switch {
	case l.closing:
		out = append(out, "Connection: close\r\n"...)
	case r.Minor == 0:
		out = append(out, "Connection: keep-alive\r\n"...)
	}
	out = append(out, "Content-Length: "...)
	out = strconv.AppendInt(out, int64(len(data)), 10)
	out = append(out, "\r\n\r\n"...)
	m.out = append(out, data...)
	l.pending, l.local = m.out, passed
	return Allowed
}

// serveEndpoint is fasthttp's handler: it answers the request that the lane has
// passed to it.
func (s *Server) serveEndpoint(ctx *fasthttp.RequestCtx) {
	l, ok := ctx.Conn().(*lane)
	if !ok || l.local != passed || len(l.pending) > 0 {
		panic("BUG: fasthttp has read a request that no lane has passed to it")
	}
	x := &l.x
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("BUG: panic while answering", "panic", r, "stack", string(debug.Stack()))
			ctx.Response.Reset()
			ctx.SetStatusCode(fasthttp.StatusInternalServerError)
			ctx.SetConnectionClose()
		}
		x.status = ctx.Response.StatusCode()
		ctx.Response.Header.SetBytesV("X-Request-Id", x.id[:])
		l.local = answered
	}()
	d := decision{outcome: forbidden}
	d.outcome, d.allow = s.answerEndpoint(ctx, x)
	x.outcome = d.outcome
	if d.outcome != Served {
		ctx.Response.Reset()
		refuse(ctx, x.set, &d)
	}
	l.shareEndpoint(ctx)
}

// shareEndpoint adds the fields of CORS to the answer of an endpoint for pages that
// may use a route. What the security service says of CORS, for the applications
// that it knows, stays.
func (l *lane) shareEndpoint(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	if !l.x.set.Table.HasCORS() || len(h.Peek("Access-Control-Allow-Origin")) > 0 {
		return
	}
	lines, ok := l.x.set.Table.AppendEndpointCORS(nil, &l.mem.asked, strings.Join(l.x.endpoint.methods, ", "))
	if !ok {
		return
	}
	if l.mem.asked.Preflight() {
		ctx.Response.Reset()
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		l.x.outcome = preflight
	}
	addFields(h, lines)
}

// addFields adds field lines, each with its CRLF, to an answer of fasthttp's.
func addFields(h *fasthttp.ResponseHeader, lines []byte) {
	for len(lines) > 0 {
		var line []byte
		line, lines, _ = bytes.Cut(lines, []byte("\r\n"))
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok {
			h.AddBytesKV(name, value)
		}
	}
}

// answerEndpoint answers a request for an endpoint. The outcome is Served, or
// what to answer instead.
func (s *Server) answerEndpoint(ctx *fasthttp.RequestCtx, x *exchange) (o Outcome, allow string) {
	e := x.endpoint
	if !slices.Contains(e.methods, string(ctx.Method())) {
		return badMethod, strings.Join(e.methods, ", ")
	}
	if e.bounded {
		_, ok := x.set.LoginAddresses.Take(policy.RateKey(x.client), x.began)
		if !ok || !s.logins.enter(x.set.Logins) {
			return Limited, ""
		}
		defer s.logins.leave()
	}
	return e.handle(s, ctx, x.client.String()), ""
}

// endLocal ends the exchange that fasthttp has answered. It reports whether
// there may be another.
func (l *lane) endLocal() bool {
	if l.local != answered {
		l.closing = true
	}
	l.local, l.pending = noLocal, nil
	return l.endExchange() == readOn
}

func (s *Server) login(ctx *fasthttp.RequestCtx, from string) Outcome {
	return s.service.Login(&ctx.Request, &ctx.Response, from)
}

func (s *Server) relay(ctx *fasthttp.RequestCtx, from string) Outcome {
	return s.service.Relay(&ctx.Request, &ctx.Response, from)
}

// page passes a page that people see on in the gateway's name, so that the
// service believes where they are.
func (s *Server) page(ctx *fasthttp.RequestCtx, from string) Outcome {
	return s.service.Page(&ctx.Request, &ctx.Response, from)
}

// logout revokes the token that is presented, which is read as it is for every
// other request. What was no token any more is as good as revoked.
func (s *Server) logout(ctx *fasthttp.RequestCtx, _ string) Outcome {
	h := &ctx.Request.Header
	authorization, key := h.Peek("Authorization"), h.Peek("X-Api-Key")
	token, o := s.auth.Token(Presented{authorization, key, len(authorization) > 0, len(key) > 0})
	if o != Allowed {
		return o
	}
	if o := s.service.Logout(token); o != Served {
		return o
	}
	ctx.SetStatusCode(fasthttp.StatusNoContent)
	ctx.Response.Header.Set("Cache-Control", "no-store")
	return Served
}
