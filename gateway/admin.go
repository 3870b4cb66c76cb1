package gateway

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/pprofhandler"

	"github.com/tollgate/tollgate/gateway/edge"
	"github.com/tollgate/tollgate/internal/hostcheck"
)

// admin serves the admin listener.
func (g *Gateway) admin(ctx *fasthttp.RequestCtx) {
	// The path as it was sent: Envoy appends what a client has sent to
	// /authorize, and dot segments would lead to another page.
	target, _, _ := bytes.Cut(ctx.Request.Header.RequestURI(), []byte{'?'})
	// A decision is asked for by proxies, of which some pass the client's Host on,
	// and is none without a credential, which no page can have a browser send.
	path := string(target)
	if path == edge.AuthorizePath || strings.HasPrefix(path, edge.AuthorizePath+"/") {
		g.edge.Authorize(ctx)
		return
	}
	cfg := &g.snap.Load().cfg
	if !hostcheck.Allowed(string(ctx.Request.Header.Host()), ctx.LocalAddr(), cfg.AdminHosts) {
		ctx.Error("this host is not one of admin_hosts\n", fasthttp.StatusMisdirectedRequest)
		return
	}
	switch {
	case path == "/healthz":
		ctx.SetContentType("text/plain; charset=utf-8")
		ctx.SetBodyString("ok\n")
	case path == "/readyz":
		g.readyz(ctx)
	case path == "/metrics":
		ctx.SetContentType("text/plain; version=0.0.4; charset=utf-8")
		g.metrics.write(ctx)
	case cfg.Pprof && (path == "/debug/pprof" || strings.HasPrefix(path, "/debug/pprof/")):
		pprofhandler.PprofHandler(ctx)
	default:
		ctx.Error("not found\n", fasthttp.StatusNotFound)
	}
}

// Readiness is what /readyz answers.
type Readiness struct {
	Ready bool `json:"ready"`
	// Draining: the gateway has been told to stop.
	Draining bool `json:"draining,omitempty"`
	// Keys is the number of keys to verify with, where the mode needs any.
	Keys int `json:"keys"`
	// KeyAge is the time in seconds since the keys were last read with success;
	// -1 before they were, or where the mode needs none.
	KeyAge float64 `json:"key_age_seconds"`
	// KeysStale: that is longer than keys.max_age. Requests go on nevertheless.
	KeysStale bool `json:"keys_stale"`
	// FeedSilence is the time in seconds since the revocation feed last
	// answered; -1 before it did.
	FeedSilence float64 `json:"feed_silence_seconds"`
	// FeedStale: that is longer than revocations.max_silence.
	FeedStale bool `json:"feed_stale"`
	// Refused says that the security service does not accept the gateway's own
	// credentials.
	Refused string `json:"refused,omitempty"`
	// NoService: there is no security service, and so no feed, logins and API users.
	NoService bool `json:"no_security_service,omitempty"`
	// Issuers are those of the configuration's issuers.
	Issuers []IssuerReadiness `json:"issuers,omitempty"`
	// BreakerOpen: the security service is not being called, because it fails.
	BreakerOpen bool `json:"breaker_open"`
}

// IssuerReadiness is what /readyz says of one of issuers; Keys, KeyAge and
// KeysStale are as those of Readiness. An issuer without keys makes the gateway
// unready, unless its tokens are introspected.
type IssuerReadiness struct {
	Issuer    string  `json:"issuer"`
	Keys      int     `json:"keys"`
	KeyAge    float64 `json:"key_age_seconds"`
	KeysStale bool    `json:"keys_stale"`
}

// Readiness says whether the gateway can do its work.
func (g *Gateway) Readiness() Readiness {
	a := g.auth
	r := Readiness{
		Draining:    g.edge.Stopping(),
		FeedSilence: -1,
		KeyAge:      -1,
		FeedStale:   a.stale.Load(),
		NoService:   a.client == nil,
	}
	if a.follower != nil && a.follower.Ready() {
		r.FeedSilence = a.follower.Lag(time.Now()).Seconds()
	}
	r.Ready = !r.Draining && !r.FeedStale
	if a.client != nil {
		r.BreakerOpen = a.client.Open()
		if err := a.client.Refused(); err != nil {
			r.Ready, r.Refused = false, err.Error()
		}
	}
	for i, keys := range a.others.keys {
		c := &a.others.conf[i]
		of := IssuerReadiness{Issuer: c.Name, Keys: keys.Snapshot().Len(), KeyAge: -1}
		if at := keys.Read(); !at.IsZero() {
			of.KeyAge = max(time.Since(at).Seconds(), 0)
		}
		of.KeysStale = c.Keys.MaxAge > 0 && of.KeyAge > c.Keys.MaxAge.Seconds()
		r.Issuers = append(r.Issuers, of)
		r.Ready = r.Ready && !of.KeysStale && (of.Keys > 0 || c.Introspection.URL != "")
	}
	if a.keys != nil {
		r.Keys, r.KeyAge = a.keys.Snapshot().Len(), a.keyAge(time.Now())
		bound := g.snap.Load().cfg.Keys.MaxAge.Seconds()
		r.KeysStale = bound > 0 && r.KeyAge > bound
		r.Ready = r.Ready && r.Keys > 0 && !r.KeysStale
	}
	return r
}

func (g *Gateway) readyz(ctx *fasthttp.RequestCtx) {
	r := g.Readiness()
	if !r.Ready {
		ctx.SetStatusCode(fasthttp.StatusServiceUnavailable)
	}
	ctx.SetContentType("application/json")
	if err := json.NewEncoder(ctx).Encode(r); err != nil {
		panic("BUG: readiness is not JSON: " + err.Error())
	}
}
