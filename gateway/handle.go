package gateway

import (
	"time"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
)

// handle handles a request whose body, possibly empty, is all here. It reports
// whether the connection goes on.
func (c *conn) handle(body []byte) bool {
	e := c.open()
	if l := c.g.local(c.s.req.Path); l != nil {
		c.local(&e, l, body)
		return c.close(&e)
	}
	d := c.decide(&e)
	o := d.outcome
	if d.Allowed() && d.route.MaxBody > 0 && int64(len(body)) > d.route.MaxBody {
		o = bodyTooLarge
	}
	if o == forwarded {
		o = c.forward(&d, body, &e.id)
	}
	c.finish(&e, &d, o)
	return c.close(&e)
}

// An exchange is one request and its answer, for metrics and the log.
type exchange struct {
	id      id
	began   time.Time
	route   *route
	outcome outcome
	status  int
}

func (c *conn) open() exchange { return exchange{id: c.requestID(), began: time.Now()} }

// requestID is the request's id: a new one, unless a trusted proxy has given
// it one of our form.
func (c *conn) requestID() id {
	if v := c.s.req.Value(wire.RequestID); len(v) == len(id{}) && validID(v) && c.trusted() {
		return id(v)
	}
	return newID()
}

// decide authenticates the caller and decides on the request.
func (c *conn) decide(e *exchange) Decision {
	r := &c.s.req
	snap := c.g.snap.Load()
	address := c.clientAddr()
	asked := policy.Request{Method: r.Method, Host: r.Host, Path: r.Path, Needs: r.Needs, Source: address}
	m := snap.match(&asked)
	e.route = m.route
	if _, ok := snap.addresses.Take(policy.RateKey(address), e.began); !ok {
		return Decision{outcome: limited, route: m.route}
	}
	if m.Caller() == policy.CallerIgnored {
		return m.decide(&asked, identity{}, e.began)
	}
	who, o := c.g.auth.authenticate(credentialOf(r), e.began)
	if o != forwarded {
		return Decision{outcome: o, route: m.route}
	}
	d := m.decide(&asked, who, e.began)
	if d.Allowed() {
		if _, ok := snap.subjects.Take(who.claims.Subject(), e.began); !ok {
			d.outcome = limited
		}
	}
	return d
}

// finish answers what was not forwarded.
func (c *conn) finish(e *exchange, d *Decision, o outcome) {
	e.outcome = o
	switch o {
	case forwarded:
		e.status = c.s.resp.Status
		return
	case clientGone:
		c.closing = true
		return
	}
	r := reply{outcome: o, requestID: string(e.id[:]), close: c.closing, head: string(c.s.req.Method) == "HEAD"}
	if d != nil {
		r.challenge, r.allow = d.challenge, d.allow
	}
	e.status = answers[o].status
	c.closing = c.closing || answers[o].hangUp
	c.s.back = r.append(c.s.back[:0])
	if c.write(c.s.back) != nil {
		c.closing = true
		return
	}
	c.lingers = c.lingers || c.closing
}

// close ends an exchange, and reports whether there may be another.
func (c *conn) close(e *exchange) bool {
	took := time.Since(e.began)
	c.g.metrics.done(e, took)
	c.g.accessLog(c, e, took)
	return !c.closing
}
