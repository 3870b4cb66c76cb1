package edge

import (
	"errors"
	"io"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/upstream"
)

// errUpstream: the upstream took no more of a request body. It may have
// answered nevertheless.
var errUpstream = errors.New("upstream takes no more")

// An upload sends a request whose body is still coming in, in a goroutine of
// its own, so that the answer may begin before the body ends.
type upload struct {
	body    *body
	to      *upstream.Conn
	timeout int64 // milliseconds that the upstream may take for a piece
	done    chan struct{}
	err     error // valid once done
}

var continue100 = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// sendContinue tells a client that waits for it to send its body (RFC 9110,
// section 10.1.1). HTTP/1.0 knows no such thing.
func (l *lane) sendContinue() error {
	m := l.mem
	if r := &m.req; len(r.Expect) == 0 || r.Minor == 0 || !r.Body() || len(m.body.rest) > 0 {
		return nil
	}
	return l.write(continue100)
}

// startUpload sends memory.out and then the body. Until it is done, the upload
// owns both, and reading from the client.
func (l *lane) startUpload(r *Route) {
	up := &upload{body: &l.mem.body, to: l.x.conn, timeout: r.timeout, done: make(chan struct{})}
	l.x.upload = up
	go func() {
		up.err = up.run(l)
		close(up.done)
		if up.faulty() {
			up.to.Kick() // nobody need wait for the answer to half a request
		}
	}()
}

// run writes head and body to the upstream.
func (up *upload) run(l *lane) (err error) {
	b, watch := up.body, l.s.watch
	for {
		data, err := b.next()
		out := l.mem.out
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
		before := watch.Now()
		up.to.ExpireWrite(before + up.timeout)
		_, werr := up.to.Write(out)
		up.to.ExpireWrite(0)
		if werr != nil {
			return errUpstream
		}
		if err == io.EOF {
			return nil
		}
		b.waited(watch.Now() - before)
		l.mem.out = out[:0]
	}
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

// faulty reports whether the upload has ended through the client's doing.
func (up *upload) faulty() bool {
	over, err := up.over()
	return over && err != nil && err != errUpstream
}

// endUpload waits until the upload has ended. The answer can be complete before
// the upload's goroutine has returned, and then both connections are as good as
// before; but what is still to come of a body that has been answered already has
// no purpose. It reports whether all of the body was sent.
func (l *lane) endUpload() bool {
	x := &l.x
	up := x.upload
	over, _ := up.over()
	if !over {
		t := time.NewTimer(lingerTime)
		select {
		case <-up.done:
			over = true
		case <-t.C:
		}
		t.Stop()
	}
	if !over {
		up.body.stop.Store(true)
		l.nc.KickRead()
		x.conn.Kick()
	}
	<-up.done
	if !over || up.err != nil {
		l.closing = true
		l.nc.Revive(l.s.soon())
		return false
	}
	l.lingers = false
	return true
}

// uploadFailure is what to tell a client whose request was not answered with
// err, the failure to read the answer: that its own body was at fault, if it was.
func (l *lane) uploadFailure(err error) Outcome {
	x := &l.x
	if x.upload.faulty() {
		l.nc.Revive(l.s.soon())
		return bodyFailure(x.upload.err)
	}
	o := badUpstream
	switch {
	case err == errGone:
		return clientGone
	case isTimeout(err):
		o = slowUpstream
	}
	x.conn.Addr.Report(false)
	return o
}
