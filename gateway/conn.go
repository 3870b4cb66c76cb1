package gateway

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/netio"
)

// A conn is a client's connection: it reads heads, and has each request
// handled before the next is looked at.
type conn struct {
	g      *Gateway
	nc     *netio.Conn
	remote netip.Addr
	secure bool

	s       *scratch
	seen    int  // bytes already searched for the end of the head; 0 once it was found
	closing bool // no request after this one
	lingers bool // the last answer may have overtaken bytes not read
	next    step
	until   int64       // when the head of an answer has to be here, in Unix milliseconds
	busy    atomic.Bool // a request is under way
}

// A step is what serve has to do once the plain requests are done.
type step uint8

const (
	hangUp step = iota
	handleAlone
	readOn
)

func newConn(g *Gateway, nc net.Conn, secure bool) *conn {
	c := &conn{g: g, nc: netio.New(nc), secure: secure}
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		c.remote = a.AddrPort().Addr().Unmap()
	}
	return c
}

// serve runs the connection to its end.
func (c *conn) serve() {
	c.idle()
	source, step := c.source, c.step
	for c.next = readOn; c.next == readOn; {
		c.next = hangUp
		if err := c.nc.Serve(source, step); err != nil {
			c.lost(err)
			break
		}
		// Requests that read from the connection themselves are handled
		// outside of Serve.
		for c.next == handleAlone {
			c.next = hangUp
			if c.handleAlone() && c.advance() {
				c.next = readOn
			}
		}
	}
	if c.lingers {
		c.linger()
	}
	c.release()
}

// source is where the next bytes of the connection go.
func (c *conn) source() []byte {
	if c.s == nil {
		c.s = c.g.scratches.get(c.g.snap.Load().lim)
	}
	return c.s.in[c.s.end:]
}

// step takes n bytes that were read. It reports whether more are wanted.
func (c *conn) step(n int, err error) bool {
	if err != nil {
		c.lost(err)
		return false
	}
	if n == 0 {
		if c.s.end == 0 {
			c.release()
		}
		return true
	}
	c.s.end += n
	return c.advance()
}

// advance handles the requests that the buffer holds. It reports whether more
// bytes are wanted; otherwise next says what is to be done.
func (c *conn) advance() bool {
	s := c.s
	for {
		if s.start == s.end {
			c.release()
			c.idle()
			return !c.draining()
		}
		n, err := s.req.Parse(s.in[s.start:s.end], c.seen, s.lim)
		if err != nil {
			c.turnAway(refusal(err))
			return false
		}
		if n == 0 {
			return c.more(s.end - s.start)
		}
		body := int(min(max(s.req.ContentLength, 0), 1<<30))
		switch {
		case s.req.Chunked || len(s.req.Expect) > 0 || len(s.req.Upgrade) > 0 || body > len(s.in)-n:
			c.begin()
			c.next = handleAlone
			return false
		case s.start+n+body > s.end:
			return c.more(0)
		}
		c.begin()
		small := s.in[s.start+n : s.start+n+body]
		s.start += n + body
		if !c.handle(small) {
			return false
		}
		c.busy.Store(false)
	}
}

// more makes room for the rest of a request that has begun. seen is the number
// of its bytes that do not hold the end of the head: 0 where the end was found
// and only the body is missing, since bytes of a body say nothing of the head.
func (c *conn) more(seen int) bool {
	s := c.s
	if !c.busy.Load() {
		c.busy.Store(true)
		c.nc.ExpireRead(c.g.watch.Now() + c.g.snap.Load().head)
	}
	if s.start > 0 {
		copy(s.in, s.in[s.start:s.end])
		s.start, s.end = 0, s.end-s.start
	}
	c.seen = seen
	return true
}

// begin is called once a request is complete.
func (c *conn) begin() {
	c.busy.Store(true)
	c.seen = 0
	c.s.complete()
	c.nc.ExpireRead(0)
	c.closing = c.s.req.Close || c.draining()
}

// idle is called when nothing of a request is there.
func (c *conn) idle() {
	c.seen = 0
	c.busy.Store(false)
	c.nc.ExpireRead(c.g.watch.Now() + c.g.snap.Load().idle)
}

func (c *conn) draining() bool { return c.g.draining.Load() }

// release gives the memory of a request back.
func (c *conn) release() {
	if c.s != nil {
		c.g.scratches.put(c.s)
		c.s = nil
	}
}

// lost is called when nothing more can be read. A client that was too slow
// with a head is told so.
func (c *conn) lost(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) && c.s != nil && c.s.end > c.s.start {
		c.nc.Revive(time.Now().Add(time.Second))
		c.turnAway(headTooSlow)
	}
}

// turnAway answers what cannot be handled at all, and ends the connection.
func (c *conn) turnAway(o outcome) {
	c.closing = true
	id := newID()
	r := reply{outcome: o, requestID: string(id[:]), close: true}
	c.g.metrics.refused(o)
	c.lingers = c.write(r.append(c.s.back[:0])) == nil
}

// write writes p to the client, which has a bounded time to take it.
func (c *conn) write(p []byte) error {
	c.nc.ExpireWrite(c.g.watch.Now() + c.g.snap.Load().write)
	_, err := c.nc.Write(p)
	c.nc.ExpireWrite(0)
	return err
}

// Bounds of linger.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 2 << 20
)

// linger reads on for a moment after a last answer: to close a socket with
// bytes unread would reset the connection, and the answer might be lost with it
// (RFC 9112, section 9.6). It must not be called within Serve.
func (c *conn) linger() {
	half, ok := c.nc.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.nc.Revive(time.Now().Add(lingerTime))
	if c.s == nil {
		c.s = c.g.scratches.get(c.g.snap.Load().lim)
	}
	for n := 0; n < lingerBytes; {
		m, err := c.nc.Read(c.s.in)
		if err != nil {
			return
		}
		n += m
	}
}
