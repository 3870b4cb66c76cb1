package gateway

import (
	"errors"
	"os"

	"github.com/tollgate/tollgate/gateway/internal/netio"
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/upstream"
)

// responseLimits bound the head of an answer: it has to fit the buffer.
var responseLimits = wire.Limits{Head: upSize, Fields: 255}

// maxInterim bounds the interim answers (1xx) before the final one.
const maxInterim = 16

// forward sends a request whose body is here to the upstream and relays the
// answer. The outcome says what to tell the client instead, where the answer
// has not begun.
func (c *conn) forward(d *Decision, body []byte, n *id) outcome {
	s := c.s
	f := framing{length: s.req.ContentLength}
	s.out = append(c.appendRequest(s.out[:0], d, f, n), body...)
	u, have, o := c.exchange(d.route)
	if o != forwarded {
		return o
	}
	o, reusable := c.receive(d.route, u, have, n)
	if reusable {
		d.route.upstream.Put(u)
	} else {
		d.route.upstream.Discard(u)
	}
	return o
}

// exchange sends out and returns the connection with the first bytes of the
// answer in up.
func (c *conn) exchange(r *route) (*upstream.Conn, int, outcome) {
	s := c.s
	for fresh, retried := false, false; ; {
		u, err := r.upstream.Get(fresh)
		if err != nil {
			return nil, 0, connectFailure(err)
		}
		now := c.g.watch.Now()
		c.until = now + r.timeout
		u.ExpireRead(now + min(r.timeout, glance))
		u.ExpireWrite(c.until)
		// What an upstream said after its last answer would be taken for the
		// answer to this request, which may be somebody else's.
		have, err := u.Exchange(s.out, s.up, u.Reused)
		if err = c.patience(u, err); err == errPatience {
			have, err = c.hear(u, s.up)
		}
		if err == nil {
			u.ExpireRead(0)
			u.ExpireWrite(0)
			return u, have, forwarded
		}
		r.upstream.Discard(u)
		switch {
		case err == errGone:
			return nil, 0, clientGone
		case errors.Is(err, os.ErrDeadlineExceeded):
			u.Addr.Report(false)
			return nil, 0, slowUpstream
		case u.Reused && errors.Is(err, netio.ErrStale):
			// Nothing of the request was sent.
		case u.Reused && !retried && idempotent(s.req.Method):
			// No byte of an answer has come, and the request does no more
			// harm twice than once (RFC 9110, section 9.2.2).
			fresh, retried = true, true
		default:
			u.Addr.Report(false)
			return nil, 0, badUpstream
		}
	}
}

func connectFailure(err error) outcome {
	if errors.Is(err, upstream.ErrFull) {
		return fullUpstream
	}
	return badUpstream
}

func idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// receive reads the answer's head, of which have bytes are in up, and relays
// the answer. It reports whether u can take another request.
func (c *conn) receive(r *route, u *upstream.Conn, have int, n *id) (outcome, bool) {
	rest, o := c.responseHead(u, have)
	if o == forwarded && c.s.resp.Status == 101 {
		o = badUpstream // nobody has asked for an upgrade
	}
	if o != forwarded {
		if o != clientGone {
			u.Addr.Report(false)
		}
		return o, false
	}
	// An upstream that says so itself is not well either.
	u.Addr.Report(c.s.resp.Status < 502 || c.s.resp.Status > 504)
	return forwarded, c.relay(r, u, rest, n)
}

// responseHead reads a head, which has to be here by c.until, and returns what
// of up follows it.
func (c *conn) responseHead(u *upstream.Conn, have int) (rest []byte, o outcome) {
	s := c.s
	for interim, seen := 0, 0; ; {
		used, err := s.resp.Parse(s.up[:have], seen, responseLimits)
		switch {
		case err != nil:
			return nil, badUpstream
		case used == 0:
			seen = have
			m, err := c.hear(u, s.up[have:])
			if err != nil {
				return nil, readFailure(err)
			}
			have += m
			continue
		case s.resp.Status >= 200 || s.resp.Status == 101:
			return s.up[used:have], forwarded
		}
		// The client did not ask for interim answers.
		if interim++; interim > maxInterim {
			return nil, badUpstream
		}
		have = copy(s.up, s.up[used:have])
		seen = 0
		if have == 0 {
			m, err := c.hear(u, s.up)
			if err != nil {
				return nil, readFailure(err)
			}
			have = m
		}
	}
}

func readFailure(err error) outcome {
	switch {
	case err == errGone:
		return clientGone
	case errors.Is(err, os.ErrDeadlineExceeded):
		return slowUpstream
	}
	return badUpstream
}
