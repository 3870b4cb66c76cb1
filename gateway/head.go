package gateway

import (
	"net/netip"
	"strconv"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// A framing is how the body of a forwarded message is delimited.
type framing struct {
	length  int64 // of the body; -1 where there is no Content-Length
	chunked bool
	upgrade bool // to WebSocket
}

const upgradeFields = "Connection: Upgrade\r\nUpgrade: websocket\r\n"

// appendRequest adds the head that goes upstream: the client's, byte for byte,
// without what concerns this hop or claims an identity, and with what the
// gateway vouches for.
func (c *conn) appendRequest(dst []byte, d *Decision, f framing, n *id) []byte {
	r := &c.s.req
	dst = append(dst, r.Method...)
	dst = append(dst, ' ')
	dst = append(dst, r.Target...)
	dst = append(dst, " HTTP/1.1\r\nHost: "...)
	if len(r.Host) > 0 {
		dst = append(dst, r.Host...)
	} else { // HTTP/1.0
		dst = append(dst, d.route.host...)
	}
	dst = append(dst, "\r\n"...)
	dst = r.Append(dst)
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
	dst = c.appendForwarded(dst, r)
	dst = appendIdentity(dst, &d.who)
	dst = append(dst, c.g.hallmark...)
	dst = append(dst, "X-Request-Id: "...)
	dst = append(dst, n[:]...)
	dst = append(dst, "\r\n"...)
	dst = appendTrace(dst, r, n)
	return append(dst, "\r\n"...)
}

// appendIdentity adds who the caller is, in the encoding of claims.AppendText. A
// public request is nobody's.
func appendIdentity(dst []byte, who *identity) []byte {
	k := who.claims
	if k == nil {
		return dst
	}
	dst = append(dst, "Authorization: Bearer "...)
	dst = append(dst, who.token...)
	dst = append(dst, who.phantom...)
	dst = append(dst, "\r\nX-Auth-Subject: "...)
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
func (c *conn) appendForwarded(dst []byte, r *wire.Request) []byte {
	proto := "http"
	if c.secure {
		proto = "https"
	}
	trusted := c.trusted()
	dst = append(dst, "X-Forwarded-For: "...)
	if trusted {
		for i := range r.List {
			if f := &r.List[i]; f.Name == wire.Forwarded && equalFold(f.Key, "x-forwarded-for") && len(f.Value) > 0 {
				dst = append(dst, f.Value...)
				dst = append(dst, ", "...)
			}
		}
		if v := r.Get("x-forwarded-proto"); string(v) == "https" || string(v) == "http" {
			proto = string(v)
		}
	}
	dst = appendAddr(dst, c.remote)
	dst = append(dst, "\r\nX-Forwarded-Proto: "...)
	dst = append(dst, proto...)
	if len(r.Host) > 0 {
		dst = append(dst, "\r\nX-Forwarded-Host: "...)
		dst = append(dst, r.Host...)
	}
	// RFC 7239, section 4.
	dst = append(dst, "\r\nForwarded: "...)
	if trusted {
		for i := range r.List {
			if f := &r.List[i]; f.Name == wire.Forwarded && equalFold(f.Key, "forwarded") && len(f.Value) > 0 {
				dst = append(dst, f.Value...)
				dst = append(dst, ", "...)
			}
		}
	}
	dst = append(dst, "for="...)
	if c.remote.Is6() {
		dst = append(dst, `"[`...)
		dst = appendAddr(dst, c.remote)
		dst = append(dst, `]"`...)
	} else {
		dst = appendAddr(dst, c.remote)
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

func appendAddr(dst []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return append(dst, "unknown"...)
	}
	return a.AppendTo(dst)
}

// appendResponse adds the head that goes to the client.
func (c *conn) appendResponse(dst []byte, f framing, n *id) []byte {
	r := &c.s.resp
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, r.Reason...)
	dst = append(dst, "\r\n"...)
	dst = r.Append(dst)
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
	case c.closing:
		dst = append(dst, "Connection: close\r\n"...)
	case c.s.req.Minor == 0:
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	dst = append(dst, "X-Request-Id: "...)
	dst = append(dst, n[:]...)
	return append(dst, "\r\n\r\n"...)
}
