package gateway

import (
	"bytes"
	"cmp"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// authorizePath is where other proxies ask for a decision. Envoy's ext_authz
// appends the original path to it.
const authorizePath = "/authorize"

// authorize answers whether a request may pass, for proxies that forward it
// themselves: 200 with the identity headers, or what the client is to be told.
// Every identity header is in the answer, empty where there is nothing to say,
// so that a proxy that copies them overwrites whatever the client has sent.
func (g *Gateway) authorize(ctx *fasthttp.RequestCtx) {
	began := time.Now()
	id := newID()
	h := &ctx.Response.Header
	for _, name := range identityNames {
		h.Set(name, "")
	}
	h.SetBytesV("X-Request-Id", id[:])
	d := g.decideFor(ctx, began)
	label := g.metrics.local
	if d.route != nil {
		label = d.route.outcomes
	}
	label.count[d.outcome].Inc()
	if !d.Allowed() {
		refuse(ctx, &d)
		return
	}
	ctx.SetStatusCode(fasthttp.StatusOK)
	k := d.who.claims
	if k == nil {
		return
	}
	token := append(append([]byte("Bearer "), d.who.token...), d.who.phantom...)
	h.SetBytesV("Authorization", token)
	h.Set("X-Auth-Subject", k.Subject())
	h.Set("X-Auth-Client", k.ClientID())
	h.Set("X-Auth-Roles", k.RoleList())
	h.Set("X-Auth-Scopes", k.ScopeList())
	h.Set("X-Auth-Token-Id", k.TokenID())
}

var identityNames = []string{
	"Authorization", "X-Auth-Subject", "X-Auth-Client", "X-Auth-Roles", "X-Auth-Scopes", "X-Auth-Token-Id",
}

// decideFor decides on the request that ctx speaks of.
func (g *Gateway) decideFor(ctx *fasthttp.RequestCtx, now time.Time) Decision {
	var r wire.Request
	method, target, ok := original(ctx)
	if !ok || r.SetTarget(method, target, g.snap.Load().lim) != nil {
		return Decision{outcome: badRequest}
	}
	cred, ok := presented(ctx)
	if !ok {
		return Decision{outcome: badRequest}
	}
	asked := policy.Request{Method: r.Method, Path: r.Path, Needs: r.Needs}
	m := g.snap.Load().match(&asked)
	if m.Caller() == policy.CallerIgnored {
		return m.decide(&asked, identity{}, now)
	}
	who, o := g.auth.authenticate(cred, now)
	if o != forwarded {
		return Decision{outcome: o, route: m.route}
	}
	return m.decide(&asked, who, now)
}

// original is the method and target asked about: as nginx is told to say
// (X-Original-Method, X-Original-URI), as Traefik and Caddy say
// (X-Forwarded-Method, X-Forwarded-Uri), or as Envoy says, in place. Proxies pass
// on what the client has said in the way of another proxy, so what is said in
// two ways has to be the same.
func original(ctx *fasthttp.RequestCtx) (method, target []byte, ok bool) {
	said := func(m, t []byte) bool {
		if method == nil {
			method, target = m, t
		}
		return bytes.Equal(m, method) && bytes.Equal(t, target)
	}
	for _, names := range [][2]string{
		{"X-Original-Method", "X-Original-URI"},
		{"X-Forwarded-Method", "X-Forwarded-Uri"},
	} {
		m, mok := single(ctx, names[0])
		t, tok := single(ctx, names[1])
		if !mok || !tok || (m == nil) != (t == nil) || m != nil && !said(m, t) {
			return nil, nil, false
		}
	}
	here := bytes.TrimPrefix(ctx.Request.Header.RequestURI(), []byte(authorizePath))
	if len(here) > 0 && here[0] == '/' && !said(ctx.Method(), here) {
		return nil, nil, false
	}
	return method, target, method != nil
}

// presented is the credential of the request asked about.
func presented(ctx *fasthttp.RequestCtx) (credential, bool) {
	a, aok := single(ctx, "Authorization")
	k, kok := single(ctx, "X-Api-Key")
	// Proxies that copy fields one by one say an absent one as an empty one.
	return readCredential(a, len(a) > 0, k, len(k) > 0), aok && kok
}

// single is the value of a field that may be there once, nil where it is absent.
func single(ctx *fasthttp.RequestCtx, name string) (value []byte, ok bool) {
	switch all := ctx.Request.Header.PeekAll(name); len(all) {
	case 0:
		return nil, true
	case 1:
		return all[0], true
	}
	return nil, false
}

// refuse tells the proxy what to tell the client.
func refuse(ctx *fasthttp.RequestCtx, d *Decision) {
	a := &answers[d.outcome]
	challenge := cmp.Or(d.challenge, a.challenge)
	h := &ctx.Response.Header
	ctx.SetStatusCode(a.status)
	h.SetContentType("application/json")
	h.Set("Cache-Control", "no-store")
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	if d.allow != "" {
		h.Set("Allow", d.allow)
	}
	if a.retry != "" {
		h.Set("Retry-After", a.retry)
	}
	ctx.SetBody(a.appendBody(nil))
}
