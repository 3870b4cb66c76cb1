package edge

import (
	"bytes"
	"cmp"
	"iter"
	"net/netip"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// AuthorizePath is where other proxies ask for a decision. Envoy's ext_authz
// appends the original path to it.
const AuthorizePath = "/authorize"

// Authorize answers whether a request may pass, for proxies that forward it
// themselves: 200 with the identity headers, or what the client is to be told.
// Every identity header is in the answer, empty where there is nothing to say,
// so that a proxy that copies them overwrites whatever the client has sent.
func (s *Server) Authorize(ctx *fasthttp.RequestCtx) {
	n := newID()
	h := &ctx.Response.Header
	for _, name := range identityNames {
		h.Set(name, "")
	}
	h.SetBytesV("X-Request-Id", n[:])
	d := s.decideFor(ctx, time.Now())
	s.metrics.decided(&d)
	if d.outcome != Allowed {
		refuse(ctx, s.settings.Load(), &d)
		return
	}
	ctx.SetStatusCode(fasthttp.StatusOK)
	for name := range d.route.ClaimHeaders {
		h.Set(name, "")
	}
	addClaims(h, d.claims)
	k := d.who.Claims
	if k == nil {
		return
	}
	if d.route.Authorization != policy.AuthorizationDrop {
		token := append(append([]byte("Bearer "), d.who.Token...), d.who.Phantom...)
		h.SetBytesV("Authorization", token)
	}
	h.Set("X-Auth-Subject", claims.Text(k.Subject(), 0))
	h.Set("X-Auth-Client", claims.Text(k.ClientID(), 0))
	h.Set("X-Auth-Roles", k.RoleList())
	h.Set("X-Auth-Scopes", k.ScopeList())
	h.Set("X-Auth-Token-Id", claims.Text(k.TokenID(), 0))
}

// addClaims sets the fields of claim_headers, which are there already and empty.
func addClaims(h *fasthttp.ResponseHeader, lines []byte) {
	for line := range bytes.SplitSeq(lines, []byte("\r\n")) {
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok {
			h.SetBytesKV(name, value)
		}
	}
}

var identityNames = []string{
	"Authorization", "X-Auth-Subject", "X-Auth-Client", "X-Auth-Roles", "X-Auth-Scopes", "X-Auth-Token-Id",
}

// decideFor decides on the request that ctx speaks of.
func (s *Server) decideFor(ctx *fasthttp.RequestCtx, now time.Time) decision {
	var r wire.Request
	set := s.settings.Load()
	about, ok := original(ctx)
	if !ok || r.SetTarget(about.method, about.target, set.Heads) != nil || len(about.host) == 0 && set.Table.HasHosts() {
		return decision{outcome: badRequest}
	}
	p, ok := presentedTo(ctx)
	if !ok {
		return decision{outcome: badRequest}
	}
	// The proxy answers preflights itself, and counts addresses itself.
	asked := policy.Request{Method: r.Method, Host: about.host, Path: r.Path, Needs: r.Needs, Headers: proxyFields{&ctx.Request.Header}}
	if i := bytes.IndexByte(r.Target, '?'); i >= 0 {
		asked.Query = r.Target[i+1:]
	}
	m := set.Table.Match(&asked)
	if peer, ok := netip.AddrFromSlice(ctx.RemoteIP()); ok && contains(set.Proxies, peer.Unmap()) {
		all := ctx.Request.Header.PeekAll("X-Forwarded-For")
		for more := true; more && len(all) > 0; all = all[:len(all)-1] {
			asked.Source, more = lastAddress(set.Proxies, all[len(all)-1])
		}
	}
	if m.Rule != nil && len(m.Rule.Sources) > 0 {
		h := &ctx.Request.Header
		c := carry(m.Rule.Sources, proxyView{h}, r.Target, p, false)
		upgrade := len(h.Peek("Upgrade")) > 0
		if c.cookie && (upgrade || !safe(&r)) && !sameOrigin(h.Peek("Sec-Fetch-Site"), h.Peek("Origin"), about.host) {
			return decision{outcome: crossSite}
		}
		if p = c.presented; c.target != nil {
			_, asked.Query, _ = bytes.Cut(c.target, []byte{'?'})
		}
	}
	return s.decide(set, &asked, &m, p, now)
}

// proxyFields are the fields that a proxy has passed on, as conditions see them.
type proxyFields struct{ h *fasthttp.RequestHeader }

func (f proxyFields) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for name, value := range f.h.All() {
			if wire.Named(name) == wire.Other && !yield(name, value) {
				return
			}
		}
	}
}

// proxyView is what a proxy has passed on, as carry reads it.
type proxyView struct{ h *fasthttp.RequestHeader }

func (v proxyView) values(name string) (all [][]byte) {
	for _, value := range v.h.PeekAll(name) {
		if len(value) > 0 { // proxies say an absent field as an empty one
			all = append(all, value)
		}
	}
	return all
}

// A subject is the request that a proxy asks about.
type subject struct {
	method, target []byte
	host           []byte // nil where the proxy does not say
}

// original is the request asked about: as nginx is told to say (X-Original-Method
// with X-Original-URI), as ingress-nginx says (with X-Original-URL), as Traefik and
// Caddy say (X-Forwarded-Method, X-Forwarded-Uri), or as Envoy says, in place. The
// host is that of X-Original-URL, X-Forwarded-Host, or Envoy's Host. Proxies pass on
// what the client has said in the way of another proxy, so what is said in two ways
// has to be the same.
func original(ctx *fasthttp.RequestCtx) (about subject, ok bool) {
	said := func(m, t []byte) bool {
		if about.method == nil {
			about.method, about.target = m, t
		}
		return bytes.Equal(m, about.method) && bytes.Equal(t, about.target)
	}
	named := map[string][]byte{}
	for _, name := range []string{
		"X-Original-Method", "X-Original-URI", "X-Original-URL", "X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host",
	} {
		if named[name], ok = single(ctx, name); !ok {
			return subject{}, false
		}
	}
	about.host = named["X-Forwarded-Host"]
	pair := func(method, target string) bool {
		m, t := named[method], named[target]
		return m == nil && t == nil || m != nil && t != nil && said(m, t)
	}
	if u := named["X-Original-URL"]; u != nil {
		host, target, ok := splitURL(u)
		if !ok || about.host != nil && !bytes.EqualFold(host, about.host) || named["X-Original-URI"] != nil && !bytes.Equal(named["X-Original-URI"], target) {
			return subject{}, false
		}
		about.host, named["X-Original-URI"] = host, target
	}
	if !pair("X-Original-Method", "X-Original-URI") || !pair("X-Forwarded-Method", "X-Forwarded-Uri") {
		return subject{}, false
	}
	here := bytes.TrimPrefix(ctx.Request.Header.RequestURI(), []byte(AuthorizePath))
	if len(here) > 0 && here[0] == '/' {
		if !said(ctx.Method(), here) {
			return subject{}, false
		}
		about.host = ctx.Request.Header.Host()
	}
	return about, about.method != nil
}

// splitURL takes scheme://host/path?query apart.
func splitURL(u []byte) (host, target []byte, ok bool) {
	_, rest, ok := bytes.Cut(u, []byte("://"))
	i := bytes.IndexByte(rest, '/')
	if !ok || i <= 0 {
		return nil, nil, false
	}
	return rest[:i], rest[i:], true
}

// presentedTo is what the request asked about presents.
func presentedTo(ctx *fasthttp.RequestCtx) (Presented, bool) {
	a, aok := single(ctx, "Authorization")
	k, kok := single(ctx, "X-Api-Key")
	// Proxies that copy fields one by one say an absent one as an empty one.
	return Presented{a, k, len(a) > 0, len(k) > 0}, aok && kok
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

// statusName is the field that has the status for the client where the proxy
// asked for statuses=nginx.
const statusName = "X-Auth-Status"

// refuse answers what was not allowed. nginx makes 500 of every status
// but 401 and 403: where it asks for statuses=nginx it gets 403, and the status for
// the client in a field. The client's own query is none of the proxy's.
func refuse(ctx *fasthttp.RequestCtx, set *Settings, d *decision) {
	a := &answers[d.outcome]
	status := a.status
	if string(ctx.Request.Header.RequestURI()) == AuthorizePath+"?statuses=nginx" {
		ctx.Response.Header.Set(statusName, strconv.Itoa(status))
		if status != fasthttp.StatusUnauthorized {
			status = fasthttp.StatusForbidden
		}
	}
	challenge := cmp.Or(d.challenge, a.challenge)
	h := &ctx.Response.Header
	ctx.SetStatusCode(status)
	h.SetContentType("application/json")
	h.Set("Cache-Control", "no-store")
	if challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	}
	if d.outcome == Anonymous && set.APIUsers && len(ctx.Request.Header.Peek("Sec-Fetch-Mode")) == 0 {
		h.Add("WWW-Authenticate", challengeBasic)
	}
	if d.allow != "" {
		h.Set("Allow", d.allow)
	}
	if retry := a.retryAfter(d.wait); retry != "" {
		h.Set("Retry-After", retry)
	}
	ctx.SetBody(a.appendBody(nil))
}
