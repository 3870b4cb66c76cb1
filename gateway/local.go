package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/introspect/client"
)

// maxLocalBody bounds what is sent to the gateway itself.
const maxLocalBody = 64 << 10

// A localRoute is a path that the gateway answers itself, or has the security
// service answer. No route of the configuration can take its place.
type localRoute struct {
	methods []string
	bounded bool // it may cost the service a password hash
	handle  func(*Gateway, *fasthttp.Request, *fasthttp.Response, string) outcome
}

var (
	loginRoute    = &localRoute{[]string{"POST"}, true, (*Gateway).login}
	logoutRoute   = &localRoute{[]string{"POST"}, false, (*Gateway).logout}
	tokenRoute    = &localRoute{[]string{"POST"}, true, (*Gateway).passOn}
	revokeRoute   = &localRoute{[]string{"POST"}, true, (*Gateway).passOn}
	documentRoute = &localRoute{[]string{"GET", "HEAD"}, false, (*Gateway).passOn}
	infoRoute     = &localRoute{[]string{"GET", "HEAD", "POST"}, false, (*Gateway).passOn}
	pageRoute     = &localRoute{[]string{"GET", "HEAD", "POST"}, false, (*Gateway).page}
	formRoute     = &localRoute{[]string{"POST"}, true, (*Gateway).page}
)

// local returns the local route for a path, or nil.
func (g *Gateway) local(path []byte) *localRoute {
	switch string(path) {
	case "/login":
		return loginRoute
	case "/logout":
		return logoutRoute
	case "/oauth2/token":
		return tokenRoute
	case "/oauth2/revoke":
		return revokeRoute
	case "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/jwks.json":
		return documentRoute
	case "/oauth2/userinfo":
		return infoRoute
	case "/oauth2/par":
		return revokeRoute
	case "/oauth2/authorize/login":
		return formRoute
	case "/oauth2/authorize", "/oauth2/authorize/consent", "/oauth2/authorize/factor", "/oauth2/authorize/style.css",
		"/oauth2/authorize/post.js", "/oauth2/authorize/icon.svg", "/oauth2/logout", "/account", "/account/factor":
		return pageRoute
	}
	return nil
}

// localAlone gathers the body of a request to a local route first.
func (c *conn) localAlone(e *exchange, l *localRoute) {
	if c.goOn() != nil {
		c.closing = true
		return
	}
	b := c.body(maxLocalBody)
	var body []byte
	for {
		data, err := b.next()
		body = append(body, data...)
		if err == io.EOF {
			break
		}
		if err != nil {
			c.closing = true
			c.nc.Revive(c.g.soon())
			c.finish(e, nil, bodyFailure(err))
			return
		}
	}
	b.finish()
	c.lingers = false
	c.local(e, l, body)
}

// local answers a request to a local route.
func (c *conn) local(e *exchange, l *localRoute, body []byte) {
	r := &c.s.req
	if _, ok := c.g.snap.Load().addresses.Take(policy.RateKey(c.clientAddr()), e.began); !ok {
		c.finish(e, nil, limited)
		return
	}
	if !slices.Contains(l.methods, string(r.Method)) {
		c.finish(e, &Decision{allow: strings.Join(l.methods, ", ")}, badMethod)
		return
	}
	if l.bounded {
		snap := c.g.snap.Load()
		_, ok := snap.loginAddresses.Take(policy.RateKey(c.clientAddr()), e.began)
		if !ok || !c.g.logins.enter(snap.cfg.Limits.Logins) {
			c.finish(e, nil, limited)
			return
		}
		defer c.g.logins.leave()
	}
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.Header.SetMethodBytes(r.Method)
	req.Header.SetRequestURIBytes(r.Target)
	for i := range r.List {
		if f := &r.List[i]; f.Name == wire.Other || f.Name == wire.Authorization {
			req.Header.AddBytesKV(f.Key, f.Value)
		}
	}
	req.SetBodyRaw(body)
	o := l.handle(c.g, req, resp, c.clientAddr().String())
	if o != served {
		c.finish(e, nil, o)
		return
	}
	e.outcome, e.status = served, resp.StatusCode()
	resp.Header.SetBytesV("X-Request-Id", e.id[:])
	if c.closing {
		resp.SetConnectionClose()
	}
	resp.SkipBody = string(r.Method) == "HEAD"
	out := bytes.NewBuffer(c.s.back[:0])
	w := bufio.NewWriter(out)
	if resp.Write(w) != nil || w.Flush() != nil || c.write(out.Bytes()) != nil {
		c.closing = true
	}
}

func (g *Gateway) login(req *fasthttp.Request, resp *fasthttp.Response, from string) outcome {
	return relayed(g.auth.client.Login(req, resp, from))
}

func (g *Gateway) passOn(req *fasthttp.Request, resp *fasthttp.Response, from string) outcome {
	return relayed(g.auth.client.Relay(req, resp, from))
}

// page passes a page that people see on in the gateway's name, so that the
// service believes where they are.
func (g *Gateway) page(req *fasthttp.Request, resp *fasthttp.Response, from string) outcome {
	return relayed(g.auth.client.Page(req, resp, from))
}

// logout revokes the token that is presented, which is read as it is for every
// other request. What was no token any more is as good as revoked.
func (g *Gateway) logout(req *fasthttp.Request, resp *fasthttp.Response, _ string) outcome {
	authorization, key := req.Header.Peek("Authorization"), req.Header.Peek("X-API-Key")
	c := readCredential(authorization, len(authorization) > 0, key, len(key) > 0)
	switch c.kind {
	case noCredential:
		return anonymous
	case bearerToken:
	default:
		return invalidToken
	}
	if err := g.auth.client.Revoke(g.ctx, string(c.value)); err != nil {
		return relayed(err)
	}
	resp.SetStatusCode(fasthttp.StatusNoContent)
	resp.Header.Set("Cache-Control", "no-store")
	return served
}

func relayed(err error) outcome {
	switch {
	case err == nil:
		return served
	case errors.Is(err, client.ErrBusy):
		return limited
	}
	return unavailable
}
