package gateway

import (
	"sync"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/gateway/internal/netio"
)

// A tunnel is a connection that was upgraded to WebSocket: bytes both ways,
// for as long as the token that opened it is good.
type tunnel struct {
	client, upstream *netio.Conn
	claims           *claims.Claims // nil on a public route
}

// cut ends the tunnel.
func (t *tunnel) cut() {
	t.client.Kick()
	t.upstream.Kick()
}

// tunnels are those that are open.
type tunnels struct {
	mu   sync.Mutex
	open map[*tunnel]struct{}
}

func (t *tunnels) add(n *tunnel) {
	t.mu.Lock()
	t.open[n] = struct{}{}
	t.mu.Unlock()
}

func (t *tunnels) remove(n *tunnel) {
	t.mu.Lock()
	delete(t.open, n)
	t.mu.Unlock()
}

// cut ends the tunnels of which bad says so.
func (t *tunnels) cut(bad func(*claims.Claims) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := range t.open {
		if n.claims != nil && bad(n.claims) {
			n.cut()
		}
	}
}

// cutAll ends all tunnels.
func (t *tunnels) cutAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := range t.open {
		n.cut()
	}
}

func (t *tunnels) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}

// upgrade passes a WebSocket handshake (RFC 6455, section 4) on, and then
// whatever both sides say.
func (c *conn) upgrade(d *Decision, e *exchange) outcome {
	s := c.s
	c.closing = true
	switch {
	case !d.route.WebSocket:
		return noUpgrade
	case string(s.req.Method) != "GET" || s.req.Body() || s.req.Minor == 0:
		return badRequest
	}
	u, o := c.quietConn(d.route)
	if o != forwarded {
		return o
	}
	defer d.route.upstream.Discard(u)
	s.out = c.appendRequest(s.out[:0], d, framing{length: -1, upgrade: true}, &e.id)
	c.until = c.g.watch.Now() + d.route.timeout
	u.ExpireWrite(c.until)
	if _, err := u.Write(s.out); err != nil {
		return badUpstream
	}
	have, err := c.hear(u, s.up)
	if err != nil {
		return readFailure(err)
	}
	rest, o := c.responseHead(u, have)
	switch {
	case o != forwarded:
		return o
	case s.resp.Status != 101:
		c.relay(d.route, u, rest, &e.id)
		return forwarded
	case !equalFold(s.resp.Upgrade, "websocket"):
		return badUpstream
	}
	s.back = append(c.appendResponse(s.back[:0], framing{length: -1, upgrade: true}, &e.id), rest...)
	if c.write(s.back) == nil {
		c.tunnel(&tunnel{c.nc, u.Conn, d.who.claims})
	}
	return forwarded
}

// tunnel copies both ways until one side ends, or the token does.
func (c *conn) tunnel(t *tunnel) {
	c.g.tunnels.add(t)
	defer c.g.tunnels.remove(t)
	t.client.ExpireRead(0)
	t.upstream.ExpireRead(0)
	t.upstream.ExpireWrite(0)
	if k := t.claims; k != nil {
		defer time.AfterFunc(time.Until(k.ExpiresAt().Std()), t.cut).Stop()
		// What was revoked before the tunnel was known is noticed here.
		if c.g.auth.revoked(k) {
			return
		}
	}
	first := c.s.in[c.s.start:c.s.end]
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer t.cut()
		buf := make([]byte, upSize)
		if len(first) > 0 && c.pass(t.upstream, first) != nil {
			return
		}
		for {
			n, err := t.client.Read(buf)
			if err != nil || c.pass(t.upstream, buf[:n]) != nil {
				return
			}
		}
	}()
	for {
		n, err := t.upstream.Read(c.s.up)
		if err != nil || c.pass(t.client, c.s.up[:n]) != nil {
			break
		}
	}
	t.cut()
	<-done
}

// pass writes p, for which to has a bounded time.
func (c *conn) pass(to *netio.Conn, p []byte) error {
	to.ExpireWrite(c.g.watch.Now() + c.g.snap.Load().write)
	_, err := to.Write(p)
	to.ExpireWrite(0)
	return err
}
