package edge

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

// clientCheckInterval is how often a request that waits for its upstream checks
// that the client is still connected, in milliseconds. An answer that comes
// sooner costs no check.
const clientCheckInterval = 1000

// errGone: the client has closed the connection, or its half of it. Which of
// the two, no system call tells: a close and a shutdown of writing send the
// same segment.
var errGone = errors.New("client is gone")

// errWait: it is too early to give up.
var errWait = errors.New("wait on")

// forward sends the request at hand to the upstream of its route and relays the
// answer: with a body that is here or still to come, and with what follows an
// upgrade. The outcome says what to tell the client instead, where no answer has
// begun.
func (l *lane) forward(d *decision) Outcome {
	x, m := &l.x, l.mem
	r, b := &m.req, &m.body
	f := framing{length: r.ContentLength, chunked: r.Chunked, upgrade: equalFold(r.Upgrade, "websocket")}
	switch {
	case d.route.MaxBody > 0 && r.ContentLength > d.route.MaxBody:
		return bodyTooLarge
	case f.upgrade && !d.route.WebSocket:
		l.closing = true
		return noUpgrade
	case f.upgrade && (string(r.Method) != "GET" || r.Body() || r.Minor == 0):
		return badRequest
	}
	b.max = d.route.MaxBody
	var ok bool
	if m.out, ok = l.appendRequest(m.out[:0], d, f); !ok {
		return badRequest
	}
	if b.here {
		m.out = append(m.out, b.whole()...)
	} else if l.sendContinue() != nil {
		return clientGone
	}
	have, o := l.send(d.route, f.upgrade)
	reusable := false
	if o == Allowed {
		o, reusable = l.receive(d, have, f.upgrade)
	}
	if x.upload != nil && !l.endUpload() {
		reusable = false
	}
	l.giveBack(reusable)
	return o
}

// giveBack ends the use of the upstream connection.
func (l *lane) giveBack(reusable bool) {
	x := &l.x
	switch {
	case x.conn == nil:
	case reusable:
		x.route.Upstream.Put(x.conn)
	default:
		x.route.Upstream.Discard(x.conn)
	}
	x.conn, x.upload = nil, nil
}

// send takes a connection, sends the request on it and waits for the answer. It
// returns how many of its bytes are in memory.up. A body that is still to come
// is sent once: nobody keeps what has been passed on.
func (l *lane) send(r *Route, upgrade bool) (have int, o Outcome) {
	x, m := &l.x, l.mem
	idempotent := idempotent(m.req.Method)
	for fresh, retried := false, false; ; {
		u, err := r.Upstream.Get(fresh)
		if err != nil {
			return 0, connectFailure(err)
		}
		x.conn, x.upstream = u, u.Addr.Host
		now := l.s.watch.Now()
		x.until = now + r.timeout
		u.ExpireWrite(x.until)
		if m.body.over() {
			// What an upstream said after its last answer would be taken for the
			// answer to this request, which may be somebody else's.
			u.ExpireRead(now + min(r.timeout, clientCheckInterval))
			have, err = u.Exchange(m.out, m.up, u.Reused)
			if err = l.patience(err); err == errWait {
				have, err = l.readHead(m.up)
			}
		} else if u.Reused && !u.Quiet() {
			err = netio.ErrStale
		} else {
			l.startUpload(r)
			have, err = l.readHead(m.up)
		}
		if err == nil {
			u.ExpireRead(0)
			u.ExpireWrite(0)
			return have, Allowed
		}
		if x.upload != nil {
			return 0, l.uploadFailure(err)
		}
		l.giveBack(false)
		switch {
		case err == errGone:
			return 0, clientGone
		case errors.Is(err, os.ErrDeadlineExceeded):
			u.Addr.Report(false)
			return 0, slowUpstream
		case u.Reused && errors.Is(err, netio.ErrStale):
			// Nothing of the request was sent.
		case u.Reused && !retried && idempotent:
			// No byte of an answer has come, and the request does no more
			// harm twice than once (RFC 9110, section 9.2.2).
			fresh, retried = true, true
		default:
			u.Addr.Report(false)
			return 0, badUpstream
		}
	}
}

func connectFailure(err error) Outcome {
	if errors.Is(err, upstream.ErrFull) {
		return fullUpstream
	}
	return badUpstream
}

func idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return true
	}
	return false
}

// readHead reads more of the head of an answer, for which there is time until
// x.until.
func (l *lane) readHead(p []byte) (int, error) {
	u := l.x.conn
	for {
		u.ExpireRead(min(l.x.until, l.s.watch.Now()+clientCheckInterval))
		n, err := u.Read(p)
		switch err = l.patience(err); err {
		case nil:
			u.ExpireRead(0)
			return n, nil
		case errWait:
		default:
			return 0, err
		}
	}
}

// patience is what a failure to read from the upstream comes to before the
// answer has begun: errWait where that was the end of an interval alone. The
// upstream's time begins anew as long as the body is being sent to it.
func (l *lane) patience(err error) error {
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	x, now := &l.x, l.s.watch.Now()
	sent := true
	if x.upload != nil {
		over, uerr := x.upload.over()
		switch {
		case !over:
			sent, x.until = false, now+x.route.timeout
		case uerr != nil && uerr != errUpstream:
			return err
		}
	}
	switch {
	case now >= x.until:
		return err
	case sent && l.nc.Gone(): // before that, the upload notices
		return errGone
	}
	x.conn.ReviveRead()
	return errWait
}

// receive reads the head of the answer, of which have bytes are in memory.up,
// and relays the answer. It reports whether the connection can take another
// request.
func (l *lane) receive(d *decision, have int, upgrade bool) (Outcome, bool) {
	x, resp := &l.x, &l.mem.resp
	rest, o := l.responseHead(have)
	if o == Allowed && resp.Status == 101 && !(upgrade && equalFold(resp.Upgrade, "websocket")) {
		o = badUpstream // nobody has asked for that
	}
	if o != Allowed {
		if o != clientGone {
			x.conn.Addr.Report(false)
		}
		return o, false
	}
	// An upstream that says so itself is not well either.
	x.conn.Addr.Report(resp.Status < 502 || resp.Status > 504)
	if v := resp.Get("keep-alive"); v != nil {
		x.conn.KeepAlive(v)
	}
	if resp.Status == 101 {
		l.tunnel(d, rest)
		return Allowed, false
	}
	return Allowed, l.relay(d, rest)
}

// responseHead reads a head, which has to be here by x.until, and returns what
// of memory.up follows it.
func (l *lane) responseHead(have int) (rest []byte, o Outcome) {
	m := l.mem
	for interim, scanned := 0, 0; ; {
		used, err := m.resp.Parse(m.up[:have], scanned, responseLimits)
		switch {
		case err != nil:
			return nil, badUpstream
		case used == 0:
			scanned = have
			n, err := l.readHead(m.up[have:])
			if err != nil {
				return nil, l.readFailure(err)
			}
			have += n
			continue
		case m.resp.Status >= 200 || m.resp.Status == 101:
			return m.up[used:have], Allowed
		}
		// The client did not ask for interim answers.
		if interim++; interim > maxInterim {
			return nil, badUpstream
		}
		have = copy(m.up, m.up[used:have])
		scanned = 0
	}
}

func (l *lane) readFailure(err error) Outcome {
	switch {
	case err == errGone:
		return clientGone
	case l.x.upload != nil && l.x.upload.faulty():
		return l.uploadFailure(err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return slowUpstream
	}
	return badUpstream
}
