package edge

import (
	"net/netip"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// A framing is how the body of a forwarded message is delimited.
type framing struct {
	length  int64 // of the body; -1 where there is no Content-Length
	chunked bool
	upgrade bool // to WebSocket
}

// via names the gateway to the servers behind it (RFC 9110, section 7.6.3).
const via = "Via: 1.1 tollgate\r\n"

// kept are fields of a trusted proxy that are passed on, and their names in
// lower case.
var kept = [...][2]string{{"X-Forwarded-Port", "x-forwarded-port"}, {"X-Forwarded-Prefix", "x-forwarded-prefix"}}

const upgradeFields = "Connection: Upgrade\r\nUpgrade: websocket\r\n"

// appendRequest adds the head that goes upstream: the client's, byte for byte,
// without what concerns this hop or claims an identity, and with what the
// gateway vouches for.
//
// It reports whether the route's rewriting has left a path with one reading.
func (l *lane) appendRequest(dst []byte, d *decision, f framing) ([]byte, bool) {
	r, n, rule := &l.mem.req, &l.x.id, d.route.Rule
	dst = append(dst, r.Method...)
	dst = append(dst, ' ')
	dst, ok := rule.AppendTarget(dst, r.Target, &l.mem.asked, d.route.base)
	if !ok {
		return dst, false
	}
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	if len(r.Host) > 0 {
		dst = append(dst, r.Host...)
	} else { // HTTP/1.0
		dst = append(dst, d.route.host...)
	}
	dst = append(dst, "\r\n"...)
	if changes := rule.RequestChanges(); changes != nil {
		dst = append(r.AppendWithout(dst, changes), changes.Lines...)
	} else {
		dst = r.Append(dst)
	}
	dst = append(dst, l.x.carried.lines...)
	switch {
	case f.chunked:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case f.length >= 0:
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, f.length, 10)
		dst = append(dst, "\r\n"...)
	}
	if f.upgrade {
		dst = append(dst, upgradeFields...)
	}
	if r.Trailers {
		dst = append(dst, "TE: trailers\r\n"...)
	}
	dst = append(dst, via...)
	dst = l.appendForwarded(dst, r)
	dst = appendAuthorization(dst, r, d)
	dst = appendIdentity(dst, &d.who)
	dst = append(dst, d.claims...)
	dst = append(dst, l.x.set.GatewayField...)
	dst = append(dst, "X-Request-Id: "...)
	dst = append(dst, n[:]...)
	dst = append(dst, "\r\n"...)
	dst = appendTrace(dst, r, n)
	return append(dst, "\r\n"...), true
}

// appendAuthorization adds what the route lets the upstream have of credentials:
// the caller's token, or what the client has sent. An API user's secret never
// goes beyond the gateway that authenticates with it.
func appendAuthorization(dst []byte, r *wire.Request, d *decision) []byte {
	switch sent := r.Value(wire.Authorization); d.route.Authorization {
	case policy.AuthorizationDrop:
		return dst
	case policy.AuthorizationKeep:
		if d.who.Claims == nil || isBearer(sent) {
			if sent == nil {
				return dst
			}
			dst = append(dst, "Authorization: "...)
			dst = append(dst, sent...)
			return append(dst, "\r\n"...)
		}
	}
	if d.who.Claims == nil {
		return dst
	}
	dst = append(dst, "Authorization: Bearer "...)
	dst = append(dst, d.who.Token...)
	dst = append(dst, d.who.Phantom...)
	return append(dst, "\r\n"...)
}

func isBearer(authorization []byte) bool {
	const scheme = "bearer "
	return len(authorization) > len(scheme) && equalFold(authorization[:len(scheme)-1], scheme[:len(scheme)-1]) && authorization[len(scheme)-1] == ' '
}

// appendIdentity adds who the caller is, in the encoding of claims.AppendText. A
// public request is nobody's.
func appendIdentity(dst []byte, who *Identity) []byte {
	k := who.Claims
	if k == nil {
		return dst
	}
	dst = append(dst, "X-Auth-Subject: "...)
	dst = claims.AppendText(dst, k.Subject(), 0)
	dst = append(dst, "\r\nX-Auth-Client: "...)
	dst = claims.AppendText(dst, k.ClientID(), 0)
	dst = append(dst, "\r\nX-Auth-Roles: "...)
	first := true
	for role := range k.Roles() {
		if !first {
			dst = append(dst, ',')
		}
		dst, first = claims.AppendText(dst, role, ','), false
	}
	dst = append(dst, "\r\nX-Auth-Scopes: "...)
	first = true
	for scope := range k.Scopes() {
		if !first {
			dst = append(dst, ' ')
		}
		dst, first = claims.AppendText(dst, scope, ' '), false
	}
	dst = append(dst, "\r\nX-Auth-Token-Id: "...)
	dst = claims.AppendText(dst, k.TokenID(), 0)
	return append(dst, "\r\n"...)
}

// appendForwarded adds where the request came from, in both notations. What
// the client says of that counts only where the client is a trusted proxy.
func (l *lane) appendForwarded(dst []byte, r *wire.Request) []byte {
	proto, host := "http", r.Host
	if l.secure {
		proto = "https"
	}
	trusted := l.x.trusted
	dst = append(dst, "X-Forwarded-For: "...)
	if trusted {
		dst = appendList(dst, r, "x-forwarded-for")
		if v := r.Get("x-forwarded-proto"); string(v) == "https" || string(v) == "http" {
			proto = string(v)
		}
		if v := r.Get("x-forwarded-host"); len(v) > 0 {
			host = v
		}
	}
	dst = appendAddr(dst, l.remote)
	dst = append(dst, "\r\nX-Forwarded-Proto: "...)
	dst = append(dst, proto...)
	if len(host) > 0 {
		dst = append(dst, "\r\nX-Forwarded-Host: "...)
		dst = append(dst, host...)
	}
	if trusted {
		for _, name := range kept {
			if v := r.Get(name[1]); len(v) > 0 {
				dst = append(dst, "\r\n"...)
				dst = append(dst, name[0]...)
				dst = append(dst, ": "...)
				dst = append(dst, v...)
			}
		}
	}
	// RFC 7239, section 4.
	dst = append(dst, "\r\nForwarded: "...)
	if trusted {
		dst = appendList(dst, r, "forwarded")
	}
	dst = append(dst, "for="...)
	if l.remote.Is6() {
		dst = append(dst, `"[`...)
		dst = appendAddr(dst, l.remote)
		dst = append(dst, `]"`...)
	} else {
		dst = appendAddr(dst, l.remote)
	}
	dst = append(dst, ";proto="...)
	dst = append(dst, proto...)
	if len(r.Host) > 0 {
		dst = append(dst, `;host="`...)
		dst = append(dst, r.Host...)
		dst = append(dst, '"')
	}
	return append(dst, "\r\n"...)
}

// appendList adds the values of all fields with a name in lower case, each with
// a comma behind it.
func appendList(dst []byte, r *wire.Request, name string) []byte {
	for i := range r.List {
		if f := &r.List[i]; f.Name == wire.Forwarded && equalFold(f.Key, name) && len(f.Value) > 0 {
			dst = append(dst, f.Value...)
			dst = append(dst, ", "...)
		}
	}
	return dst
}

func appendAddr(dst []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(dst, "unknown"...)
	}
	return a.AppendTo(dst)
}

// appendCORS adds the field lines that let pages of other origins read the answer.
func (l *lane) appendCORS(dst []byte) []byte {
	if l.x.set == nil || !l.x.set.Table.HasCORS() {
		return dst
	}
	return l.x.match.AppendCORS(dst, &l.mem.asked)
}

// appendResponse adds the head that goes to the client.
func (l *lane) appendResponse(dst []byte, f framing) []byte {
	r, n := &l.mem.resp, &l.x.id
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, r.Reason...)
	dst = append(dst, "\r\n"...)
	if changes := l.x.route.ResponseChanges(); changes != nil {
		dst = append(r.AppendWithout(dst, changes), changes.Lines...)
		dst = l.appendCORS(dst)
	} else {
		dst = r.Append(dst)
	}
	if r.Get("date") == nil { // RFC 9110, section 6.6.1
		dst = append(dst, "Date: "...)
		dst = fasthttp.AppendHTTPDate(dst, l.x.began)
		dst = append(dst, "\r\n"...)
	}
	switch {
	case f.chunked:
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case f.length >= 0:
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, f.length, 10)
		dst = append(dst, "\r\n"...)
	}
	switch {
	case f.upgrade:
		dst = append(dst, upgradeFields...)
		if l.x.carried.websocket && r.Get("sec-websocket-protocol") == nil {
			// A page that offers subprotocols takes no connection without one of them.
			dst = append(dst, "Sec-WebSocket-Protocol: "+webSocketBearer+"\r\n"...)
		}
	case l.closing:
		dst = append(dst, "Connection: close\r\n"...)
	case l.mem.req.Minor == 0:
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	dst = append(dst, "X-Request-Id: "...)
	dst = append(dst, n[:]...)
	return append(dst, "\r\n\r\n"...)
}
