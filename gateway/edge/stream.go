package edge

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/gateway/internal/netio"
	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// A stream is an exchange that may last longer than the token that began it: a
// WebSocket, or an answer of server-sent events. It is cut once the token has
// expired or is revoked.
type stream struct {
	client, upstream *netio.Conn
	claims           *claims.Claims // nil on a public route
	ended            atomic.Bool    // it was cut
}

// cut ends the stream.
func (t *stream) cut() {
	t.ended.Store(true)
	t.client.Kick()
	t.upstream.Kick()
}

// streams are those that are open.
type streams struct {
	revoked func(*claims.Claims) bool
	mu      sync.Mutex
	open    map[*stream]bool // true for a WebSocket
}

// watch has the exchange at hand cut when its token ends, until the returned
// function is called.
func (t *streams) watch(l *lane, d *decision) (end func()) {
	n := &stream{client: l.nc, upstream: l.x.conn.Conn, claims: d.who.Claims}
	l.x.stream = n
	t.mu.Lock()
	t.open[n] = l.mem.resp.Status == 101
	t.mu.Unlock()
	var timer *time.Timer
	if k := n.claims; k != nil {
		timer = time.AfterFunc(time.Until(k.ExpiresAt().Std()), n.cut)
		// What was revoked before the stream was known is noticed here.
		if t.revoked(k) {
			n.cut()
		}
	}
	return func() {
		if timer != nil {
			timer.Stop()
		}
		t.mu.Lock()
		delete(t.open, n)
		t.mu.Unlock()
	}
}

// cut ends the streams whose tokens have been revoked.
func (t *streams) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := range t.open {
		if n.claims != nil && t.revoked(n.claims) {
			n.cut()
		}
	}
}

// cutSockets ends all WebSockets.
func (t *streams) cutSockets() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, socket := range t.open {
		if socket {
			n.cut()
		}
	}
}

func (t *streams) sockets() (count int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, socket := range t.open {
		if socket {
			count++
		}
	}
	return count
}

// isEventStream reports whether an answer is one of server-sent events.
func isEventStream(r *wire.Response) bool {
	const media = "text/event-stream"
	v := r.Get("content-type")
	if len(v) < len(media) || !equalFold(v[:len(media)], media) {
		return false
	}
	rest := bytes.TrimLeft(v[len(media):], " \t")
	return len(rest) == 0 || rest[0] == ';'
}

// tunnel passes the answer to a WebSocket handshake on (RFC 6455, section 4),
// and then whatever both sides send, until one of them ends or the token does.
// rest is what the upstream has sent behind its answer.
func (l *lane) tunnel(d *decision, rest []byte) {
	m := l.mem
	l.closing = true
	m.back = append(l.appendResponse(m.back[:0], framing{length: -1, upgrade: true}), rest...)
	if l.write(m.back) != nil {
		return
	}
	client, up := l.nc, l.x.conn.Conn
	client.ExpireRead(0)
	up.ExpireRead(0)
	up.ExpireWrite(0)
	defer l.s.streams.watch(l, d)()
	first := m.body.rest
	m.body.rest = nil
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer up.Kick()
		defer client.Kick()
		buf := make([]byte, upSize)
		if len(first) > 0 && l.pass(up, first) != nil {
			return
		}
		for {
			n, err := client.Read(buf)
			if err != nil || l.pass(up, buf[:n]) != nil {
				return
			}
		}
	}()
	for {
		n, err := up.Read(m.up)
		if err != nil || l.pass(client, m.up[:n]) != nil {
			break
		}
	}
	client.Kick()
	up.Kick()
	<-done
}

// pass writes p, for which to has a bounded time.
func (l *lane) pass(to *netio.Conn, p []byte) error {
	to.ExpireWrite(l.s.watch.Now() + l.x.set.Write.Milliseconds())
	_, err := to.Write(p)
	to.ExpireWrite(0)
	return err
}
