package edge

import (
	"net/netip"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/gateway/upstream"
)

// An exchange is the request under way and its answer. It views the head in the
// memory of its lane until endExchange.
type exchange struct {
	set      *Settings // the same from the head to the end of the answer
	id       id
	began    time.Time
	client   netip.Addr   // behind trusted proxies too
	trusted  bool         // the peer is a proxy whose word is taken
	match    policy.Match // the rule that the request takes
	carried  carried      // where the route looks for tokens
	route    *Route
	path     []byte    // of the endpoint, without the prefix
	endpoint *endpoint // of the gateway's own; nil for what is forwarded
	outcome  Outcome
	status   int
	subject  string // of who is asking, once known
	upstream string // host and port that the request was sent to last
	sent     int64  // bytes of the answer, head included

	conn   *upstream.Conn // in use for the exchange, or nil
	upload *upload        // of a body that is still coming in, or nil
	stream *stream        // that may outlast its token, or nil
	until  int64          // when the head of the answer has to be here, in Unix milliseconds
}

// abandon closes what an exchange was using when it came to a sudden end.
func (x *exchange) abandon() {
	if x.conn != nil {
		x.conn.Kick()
		if x.upload != nil {
			x.upload.body.stop.Store(true)
			x.upload.body.l.nc.Kick()
			<-x.upload.done
		}
		x.route.Upstream.Discard(x.conn)
	}
	*x = exchange{}
}

// handle handles the request at hand and says what the lane does next: fasthttp
// is to answer it, or it has been answered.
func (l *lane) handle() next {
	l.openExchange()
	x, m := &l.x, l.mem
	if expect := m.req.Expect; len(expect) > 0 && !equalFold(expect, "100-continue") {
		l.finish(badExpect, nil)
		return l.endExchange()
	}
	if _, ok := x.set.Addresses.Take(policy.RateKey(x.client), x.began); !ok {
		l.finish(Limited, nil)
		return l.endExchange()
	}
	asked := l.ask()
	if x.endpoint, x.path = x.set.endpoint(m.req.Path); x.endpoint != nil {
		if o := l.passToEndpoint(); o != Allowed {
			l.finish(o, nil)
			return l.endExchange()
		}
		return passUp
	}
	x.match = x.set.Table.Match(asked)
	p, o := l.present()
	if o != Allowed {
		l.finish(o, nil)
		return l.endExchange()
	}
	l.keepOwnCookies()
	d := l.s.decide(x.set, asked, &x.match, p, x.began)
	x.route = d.route
	if d.why != "" {
		l.s.log.Debug("refused", "id", string(x.id[:]), "outcome", answers[d.outcome].label, "why", d.why)
	}
	if d.who.Claims != nil {
		x.subject = d.who.Claims.Subject()
	}
	if d.outcome == Allowed {
		d.outcome = l.forward(&d)
	}
	l.finish(d.outcome, &d)
	return l.endExchange()
}

// presented is what a request presents to say who is asking.
func presented(r *wire.Request) Presented {
	return Presented{
		Authorization: r.Value(wire.Authorization), HasAuthorization: r.Has(wire.Authorization),
		APIKey: r.Value(wire.APIKey), HasAPIKey: r.Has(wire.APIKey),
	}
}

func (l *lane) openExchange() {
	m, set := l.mem, l.s.settings.Load()
	l.x = exchange{set: set, began: time.Now(), trusted: contains(set.Proxies, l.remote), client: l.remote}
	if l.x.trusted {
		l.x.client = clientAddr(set.Proxies, &m.req, l.remote)
	}
	l.x.id = requestID(&m.req, l.x.trusted)
	m.body.open(l, &m.req, m.in[m.start:m.end], set.Body.Milliseconds())
	l.lingers = !m.body.here
}

// finish answers what was not forwarded.
func (l *lane) finish(o Outcome, d *decision) {
	x, m := &l.x, l.mem
	x.outcome = o
	switch o {
	case Allowed:
		x.status = m.resp.Status
		return
	case clientGone:
		l.closing = true
		return
	}
	// What is refused before its body was read leaves it on the connection,
	// where nobody can find the next request behind it.
	if m.body.here {
		m.body.whole()
	}
	l.closing = l.closing || answers[o].hangUp || !m.body.over()
	r := reply{
		outcome: o, requestID: string(x.id[:]), close: l.closing, keepAlive: m.req.Minor == 0 && !l.closing,
		head: string(m.req.Method) == "HEAD",
	}
	if d != nil {
		r.challenge, r.allow, r.wait = d.challenge, d.allow, d.wait
	}
	r.metadata = l.metadata()
	r.basic = o == Anonymous && x.set.APIUsers && m.req.Get("sec-fetch-mode") == nil
	if o == InvalidClient && m.req.Get("sec-fetch-mode") != nil {
		r.challenge = challengeToken // Basic would open a browser's own dialog
	}
	x.status = answers[o].status
	m.back = l.appendCORS(r.appendHead(m.back[:0]))
	m.back = r.appendBody(m.back)
	if l.write(m.back) != nil {
		l.closing = true
		return
	}
	l.lingers = l.lingers || l.closing
}

// endExchange counts and logs the exchange, and is the end of the head: what
// was read behind the request takes its place.
func (l *lane) endExchange() next {
	x, m := &l.x, l.mem
	took := time.Since(x.began)
	l.s.metrics.done(x, took)
	l.s.accessLog(x, &m.req, took)
	b := &m.body
	if b.here {
		b.whole()
	}
	l.nc.ExpireRead(0)
	switch {
	case l.closing || !b.over():
		l.closing = true
	case !b.own:
		m.start = m.end - len(b.rest)
	case len(b.rest) > len(m.in):
		l.closing = true
	default:
		m.start, m.end = 0, copy(m.in, b.rest)
	}
	b.rest, b.l = nil, nil
	l.x = exchange{}
	if l.closing {
		return hangUp
	}
	l.lingers = false
	l.busy.Store(false)
	return readOn
}
