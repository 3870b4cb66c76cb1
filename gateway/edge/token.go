package edge

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// A carried is what a request carries where a route looks for tokens besides
// Authorization, and what is left of it for the upstream.
type carried struct {
	presented Presented
	cookie    bool   // the token was in a cookie, which a browser sends of its own accord
	websocket bool   // it was in Sec-WebSocket-Protocol, which then has an answer
	lines     []byte // field lines for the upstream, instead of those that carried tokens or cookies of ours
	target    []byte // without the parameters that carried tokens; nil where there were none
}

// A view is a request as carry reads it: all values of a field by its name.
type view interface {
	values(name string) [][]byte
}

// carry reads the token of a request at the first of the sources that has one. The
// others are taken out as well, so that no token goes further than the gateway. Where
// the cookies are written anew and own is true, those of the security service are left
// out too.
func carry(sources []policy.Source, v view, target []byte, standard Presented, own bool) carried {
	var c carried
	found := false
	take := func(token []byte) bool {
		if found {
			return false
		}
		found = true
		c.presented = Presented{Authorization: append([]byte("Bearer "), token...), HasAuthorization: true}
		return true
	}
	var cookies, protocols []policy.Source
	for _, s := range sources {
		switch s.Kind {
		case policy.FromAuthorization:
			if !found && (standard.HasAuthorization || standard.HasAPIKey) {
				found, c.presented = true, standard
			}
		case policy.FromHeader:
			switch all := v.values(s.Name); {
			case len(all) == 1:
				take(bytes.TrimPrefix(all[0], []byte("Bearer ")))
			case len(all) > 1:
				take(nil) // which of them counts would be a matter of who reads first
			}
		case policy.FromQuery:
			if c.target == nil {
				c.target = target
			}
			var token []byte
			var n int
			if c.target, token, n = cutParameter(c.target, s.Name); n == 1 {
				take(token)
			} else if n > 1 {
				take(nil)
			}
		case policy.FromCookie:
			cookies = append(cookies, s)
			if token, n := findCookie(v.values("Cookie"), s.Name); n == 1 {
				c.cookie = take(token)
			} else if n > 1 {
				c.cookie = take(nil)
			}
		case policy.FromWebSocket:
			protocols = append(protocols, s)
			if token, ok := findProtocol(v.values("Sec-WebSocket-Protocol")); ok {
				c.websocket = true
				take(token)
			}
		}
	}
	if len(cookies) > 0 {
		c.lines = appendCookies(c.lines, v.values("Cookie"), func(name []byte) bool {
			return own && ownCookie(name) || slices.ContainsFunc(cookies, func(s policy.Source) bool { return string(name) == s.Name })
		})
	}
	if len(protocols) > 0 {
		c.lines = appendProtocols(c.lines, v.values("Sec-WebSocket-Protocol"), c.websocket)
	}
	return c
}

// cutParameter takes every parameter of a name out of the query of a target, and
// returns the value of the last, percent-decoded, and how many there were.
func cutParameter(target []byte, name string) (rest, value []byte, n int) {
	path, query, ok := bytes.Cut(target, []byte{'?'})
	if !ok {
		return target, nil, 0
	}
	var kept [][]byte
	for p := range bytes.SplitSeq(query, []byte{'&'}) {
		key, v, _ := bytes.Cut(p, []byte{'='})
		if string(unescape(key)) != name {
			kept = append(kept, p)
			continue
		}
		n, value = n+1, unescape(v)
	}
	if n == 0 {
		return target, nil, 0
	}
	rest = bytes.Clone(path)
	if len(kept) > 0 {
		rest = append(append(rest, '?'), bytes.Join(kept, []byte{'&'})...)
	}
	return rest, value, n
}

// unescape percent-decodes what can be.
func unescape(s []byte) []byte {
	if bytes.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if high, low := hexDigit(s[i+1]), hexDigit(s[i+2]); high >= 0 && low >= 0 {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

func hexDigit(c byte) int { return strings.IndexByte("0123456789abcdef", c|0x20*(c>>6&1)) }

// eachCookie calls do for every pair of Cookie fields (RFC 6265, section 5.4).
func eachCookie(fields [][]byte, do func(name, value, pair []byte)) {
	for _, f := range fields {
		for pair := range bytes.SplitSeq(f, []byte{';'}) {
			if pair = bytes.TrimSpace(pair); len(pair) > 0 {
				name, value, _ := bytes.Cut(pair, []byte{'='})
				do(bytes.TrimSpace(name), bytes.Trim(bytes.TrimSpace(value), `"`), pair)
			}
		}
	}
}

func findCookie(fields [][]byte, name string) (value []byte, n int) {
	eachCookie(fields, func(key, v, _ []byte) {
		if string(key) == name {
			n, value = n+1, v
		}
	})
	return value, n
}

// ownCookie reports whether a cookie is one that the security service sets, whose
// pages are below this host: who has it is logged in. It is nothing for upstreams.
func ownCookie(name []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(name, []byte("__Host-")), []byte("tollgate-"))
}

// appendCookies adds the cookies of fields as one field, but for those called by a
// name that without reports.
func appendCookies(dst []byte, fields [][]byte, without func(name []byte) bool) []byte {
	start := len(dst)
	eachCookie(fields, func(key, _, pair []byte) {
		if without(key) {
			return
		}
		if len(dst) == start {
			dst = append(dst, "Cookie: "...)
		} else {
			dst = append(dst, "; "...)
		}
		dst = append(dst, pair...)
	})
	if len(dst) > start {
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// webSocketBearer is the subprotocol behind which a page offers its token.
const webSocketBearer = "bearer"

func findProtocol(fields [][]byte) (token []byte, ok bool) {
	all := bytes.Split(bytes.Join(fields, []byte{','}), []byte{','})
	for i, p := range all {
		if string(bytes.TrimSpace(p)) == webSocketBearer && i+1 < len(all) {
			return bytes.TrimSpace(all[i+1]), true
		}
	}
	return nil, false
}

func appendProtocols(dst []byte, fields [][]byte, token bool) []byte {
	start := len(dst)
	skip := 0
	for _, f := range fields {
		for p := range bytes.SplitSeq(f, []byte{','}) {
			p = bytes.TrimSpace(p)
			if token && string(p) == webSocketBearer {
				skip = 2
			}
			if skip > 0 {
				skip--
				continue
			}
			if len(dst) == start {
				dst = append(dst, "Sec-WebSocket-Protocol: "...)
			} else {
				dst = append(dst, ", "...)
			}
			dst = append(dst, p...)
		}
	}
	if len(dst) > start {
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// sameOrigin reports whether a request proves that a page of its own host made it:
// by Sec-Fetch-Site, which pages cannot set, or else by Origin.
func sameOrigin(site, origin, host []byte) bool {
	if len(site) > 0 {
		return string(site) == "same-origin"
	}
	_, rest, ok := bytes.Cut(origin, []byte("://"))
	return ok && len(host) > 0 && bytes.EqualFold(rest, host)
}

// safe reports whether a request changes nothing by what its method is for (RFC
// 9110, section 9.2.1). A WebSocket is used for anything.
func safe(r *wire.Request) bool {
	switch string(r.Method) {
	case "GET", "HEAD", "OPTIONS":
		return len(r.Upgrade) == 0
	}
	return false
}

// headView is the head of the request at hand.
type headView struct{ r *wire.Request }

func (v headView) values(name string) (all [][]byte) {
	for i := range v.r.List {
		if f := &v.r.List[i]; bytes.EqualFold(f.Key, []byte(name)) {
			all = append(all, f.Value)
		}
	}
	return all
}

// keepOwnCookies has the upstream get the cookies of the request at hand without
// those that are the gateway's own.
func (l *lane) keepOwnCookies() {
	x, r, found := &l.x, &l.mem.req, false
	if x.set.NoEndpoints || x.match.Rule == nil {
		return
	}
	for i := range r.List {
		if f := &r.List[i]; len(f.Key) == len(cookieField) && bytes.EqualFold(f.Key, cookieField) && bytes.Contains(f.Value, ownCookies) {
			found = true
		}
	}
	if !found {
		return
	}
	if changes := x.match.Rule.RequestChanges(); changes == nil || !changes.Drops(cookieField) {
		x.carried.lines = appendCookies(x.carried.lines, headView{r}.values("Cookie"), ownCookie)
	}
	r.Discard(cookieField)
}

var cookieField, ownCookies = []byte("Cookie"), []byte("tollgate-")

// present is what the request at hand presents to the route it takes. The outcome
// is Allowed, or what to answer instead.
func (l *lane) present() (Presented, Outcome) {
	x, r := &l.x, &l.mem.req
	x.carried = carried{}
	standard := presented(r)
	if x.match.Rule == nil || len(x.match.Rule.Sources) == 0 {
		return standard, Allowed
	}
	x.carried = carry(x.match.Rule.Sources, headView{r}, r.Target, standard, !x.set.NoEndpoints)
	if x.carried.target != nil {
		r.Target = x.carried.target
		_, l.mem.asked.Query, _ = bytes.Cut(r.Target, []byte{'?'})
	}
	if x.carried.cookie && !safe(r) && !sameOrigin(r.Get("sec-fetch-site"), r.Get("origin"), r.Host) {
		return Presented{}, crossSite
	}
	return x.carried.presented, Allowed
}
