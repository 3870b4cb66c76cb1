package introspect

import (
	"net/url"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/store"
)

// origins are those from which applications in browsers may call: the origins of
// the clients' redirect URIs. It is safe for concurrent use.
type origins struct {
	mu   sync.Mutex
	read time.Time
	set  map[string]bool
}

// originsFor is how long a list of origins is used.
const originsFor = 5 * time.Second

// has reports whether a client has a redirect URI of that origin.
func (o *origins) has(origin string, clients func() ([]*store.Client, error)) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.set != nil && time.Since(o.read) < originsFor {
		return o.set[origin], nil
	}
	all, err := clients()
	if err != nil {
		return false, err
	}
	set := map[string]bool{}
	for _, c := range all {
		if c.Disabled {
			continue
		}
		for _, uri := range c.RedirectURIs {
			if u, err := url.Parse(uri); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
				set[u.Scheme+"://"+u.Host] = true
			}
		}
	}
	o.set, o.read = set, time.Now()
	return set[origin], nil
}

// Who may call an endpoint from a page of another origin.
type crossOrigin uint8

const (
	nobody       crossOrigin = iota
	anybody                  // it tells everybody the same
	applications             // the clients' own origins
)

// cors lets a page of another origin read the answer, where the endpoint is for
// such pages (Fetch Standard, section 3.2). No cookie counts there, so none is
// let through. It reports whether the request was a preflight, which is then
// answered.
func (s *Service) cors(ctx *fasthttp.RequestCtx, e endpoint) (preflight bool, err error) {
	origin := ctx.Request.Header.Peek(fasthttp.HeaderOrigin)
	if len(origin) == 0 || e.cross == nobody {
		return false, nil
	}
	h := &ctx.Response.Header
	allowed := "*"
	if e.cross == applications {
		h.Add("Vary", "Origin")
		ok, err := s.origins.has(string(origin), func() ([]*store.Client, error) { return s.store.Clients(background) })
		if err != nil || !ok {
			return false, err
		}
		allowed = string(origin)
	}
	h.Set("Access-Control-Allow-Origin", allowed)
	h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
	if !ctx.IsOptions() || len(ctx.Request.Header.Peek(fasthttp.HeaderAccessControlRequestMethod)) == 0 {
		return false, nil
	}
	h.Set("Access-Control-Allow-Methods", e.methods)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "600")
	ctx.SetStatusCode(fasthttp.StatusNoContent)
	return true, nil
}
