package gateway

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/upstream"
)

// handleAlone handles a request that takes more than its head: a body that is
// streamed, an Expect, an upgrade. It reports whether the connection goes on.
func (c *conn) handleAlone() bool {
	s := c.s
	s.start += len(s.req.Raw)
	e := c.open()
	c.lingers = s.req.Body()
	if expect := s.req.Expect; len(expect) > 0 && !equalFold(expect, "100-continue") {
		c.finish(&e, nil, badExpect)
		return c.close(&e)
	}
	if l := c.g.local(s.req.Path); l != nil {
		c.localAlone(&e, l)
		return c.close(&e)
	}
	d := c.decide(&e)
	if d.Allowed() && d.route.MaxBody > 0 && s.req.ContentLength > d.route.MaxBody {
		d.outcome = bodyTooLarge
	}
	// Whatever refuses a request with a body does so without reading it, and
	// then the next request cannot be found.
	c.closing = c.closing || !d.Allowed() && s.req.Body()
	o := d.outcome
	switch {
	case o != forwarded:
	case len(s.req.Upgrade) > 0 && equalFold(s.req.Upgrade, "websocket"):
		o = c.upgrade(&d, &e)
	default:
		o = c.stream(&d, &e.id)
	}
	c.finish(&e, &d, o)
	return c.close(&e)
}

var continue100 = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// goOn tells a client that waits for it to send its body (RFC 9110, section
// 10.1.1). HTTP/1.0 knows no such thing.
func (c *conn) goOn() error {
	if r := &c.s.req; len(r.Expect) == 0 || r.Minor == 0 || !r.Body() || c.s.start < c.s.end {
		return nil
	}
	return c.write(continue100)
}

// stream forwards a request while its body is still coming in. Such a request
// is sent once: nobody keeps what has been passed on.
func (c *conn) stream(d *Decision, n *id) outcome {
	s := c.s
	if err := c.goOn(); err != nil {
		c.closing = true
		return badRequest
	}
	u, o := c.quietConn(d.route)
	if o != forwarded {
		c.closing = c.closing || s.req.Body()
		return o
	}
	f := framing{length: s.req.ContentLength, chunked: s.req.Chunked}
	s.out = c.appendRequest(s.out[:0], d, f, n)
	up := c.startUpload(u, d.route)
	o, reusable := c.download(d.route, u, up, n)
	if !up.ends(lingerTime) {
		// What is still to come has no purpose any more.
		c.closing, reusable = true, false
		c.nc.KickRead()
		u.Kick()
	}
	<-up.done
	if up.err == nil {
		up.body.finish()
		c.lingers = false
	} else {
		c.closing, reusable = true, false
	}
	if reusable {
		d.route.upstream.Put(u)
	} else {
		d.route.upstream.Discard(u)
	}
	return o
}

// errUpstream: the upstream took no more of a request body. It may have
// answered nevertheless.
var errUpstream = errors.New("upstream takes no more")

// An upload passes a request body on, in a goroutine of its own.
type upload struct {
	body *bodyReader
	to   *upstream.Conn
	done chan struct{}
	err  error // valid once done

	patience int64 // milliseconds that the upstream may take for a piece
}

func (c *conn) startUpload(to *upstream.Conn, r *route) *upload {
	up := &upload{body: c.body(r.MaxBody), to: to, patience: r.timeout, done: make(chan struct{})}
	go func() {
		up.err = up.run(c.s.out)
		close(up.done)
		if up.faulty() {
			to.Kick() // nobody need wait for the answer to half a request
		}
	}()
	return up
}

// over reports whether the upload has ended, and how.
func (up *upload) over() (bool, error) {
	select {
	case <-up.done:
		return true, up.err
	default:
		return false, nil
	}
}

// ends waits a moment for the upload to end. An answer may overtake the word of
// the last byte, and then the connection is as good as before.
func (up *upload) ends(within time.Duration) bool {
	if over, _ := up.over(); over {
		return true
	}
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-up.done:
		return true
	case <-t.C:
		return false
	}
}

// faulty reports whether the upload has ended through the client's doing.
func (up *upload) faulty() bool {
	over, err := up.over()
	return over && err != nil && !errors.Is(err, errUpstream)
}

// run writes head and body to the upstream.
func (up *upload) run(out []byte) error {
	b := up.body
	for {
		data, err := b.next()
		switch {
		case err == io.EOF && b.chunked:
			out = wire.AppendLast(out, b.chunks.Trailers())
		case err != nil && err != io.EOF:
			return err
		case b.chunked:
			out = wire.AppendChunk(out, data)
		default:
			out = append(out, data...)
		}
		before := b.c.g.watch.Now()
		up.to.ExpireWrite(before + up.patience)
		_, werr := up.to.Write(out)
		up.to.ExpireWrite(0)
		if werr != nil {
			return errUpstream
		}
		if err == io.EOF {
			return nil
		}
		b.paused += b.c.g.watch.Now() - before
		out = out[:0]
	}
}

// download waits for the answer to a request that is being uploaded, and
// relays it. An upload that failed says what the answer is, if that is the
// client's doing.
func (c *conn) download(r *route, u *upstream.Conn, up *upload, n *id) (outcome, bool) {
	have, err := c.firstBytes(r, u, up)
	if err == nil {
		return c.receive(r, u, have, n)
	}
	if up.faulty() {
		c.nc.Revive(c.g.soon())
		return bodyFailure(up.err), false
	}
	if err != errGone {
		u.Addr.Report(false)
	}
	return readFailure(err), false
}

// firstBytes waits for the answer to begin. Its time runs from the end of the
// upload.
func (c *conn) firstBytes(r *route, u *upstream.Conn, up *upload) (int, error) {
	late := false
	for c.until = c.g.watch.Now() + r.timeout; ; {
		now := c.g.watch.Now()
		u.ExpireRead(min(c.until, now+glance))
		n, err := u.Read(c.s.up)
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			u.ExpireRead(0)
			return n, err
		}
		now = c.g.watch.Now()
		over, uerr := up.over()
		switch {
		case up.faulty():
			return 0, err
		case over && uerr == nil && c.nc.Gone():
			return 0, errGone // before that, it is the upload that notices
		case now >= c.until && over && (uerr != nil || late):
			return 0, err
		case now >= c.until:
			late, c.until = over, now+r.timeout
		}
		u.ReviveRead()
	}
}

// quietConn is a connection on which the upstream has nothing to say.
func (c *conn) quietConn(r *route) (*upstream.Conn, outcome) {
	for {
		u, err := r.upstream.Get(false)
		if err != nil {
			return nil, connectFailure(err)
		}
		if !u.Reused || u.Quiet() {
			return u, forwarded
		}
		r.upstream.Discard(u)
	}
}
