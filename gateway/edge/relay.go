package edge

import (
	"errors"
	"os"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// bodilessRest is how long a connection is not used after an answer to HEAD, a
// 204 or a 304.
const bodilessRest = 50 * time.Millisecond

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// relay writes the answer whose head was read to the client; got is what was
// read of its body. It reports whether the upstream's connection can take
// another request. Where the answer breaks off, the client's connection ends
// with it, so that nobody takes the part for the whole.
func (l *lane) relay(d *decision, got []byte) (reusable bool) {
	m := l.mem
	resp := &m.resp
	if isEventStream(resp) {
		defer l.s.streams.watch(l, d)()
	}
	switch {
	case resp.Bodiless(m.req.Method):
		f := framing{length: resp.ContentLength}
		if resp.Status == 204 {
			f.length = -1
		}
		m.back = l.appendResponse(m.back[:0], f)
		if l.write(m.back) != nil {
			l.closing = true
		}
		// An upstream that sends a body nevertheless may do so a little later.
		l.x.conn.Rest(bodilessRest)
		return len(got) == 0 && !resp.Close
	case resp.Chunked:
		return l.relayChunked(got) && !resp.Close
	case resp.ContentLength >= 0:
		return l.relayLength(got) && !resp.Close
	}
	// The body ends where the connection does, on both sides.
	l.closing = true
	m.back = append(l.appendResponse(m.back[:0], framing{length: -1}), got...)
	err := l.write(m.back)
	for err == nil {
		var n int
		if n, err = l.readPiece(m.up); err == nil {
			err = l.write(m.up[:n])
		}
	}
	return false
}

// readPiece reads the next piece of an answer, which may take the route's pause
// to come.
func (l *lane) readPiece(p []byte) (int, error) {
	u := l.x.conn
	for left := l.x.route.pause; ; left -= clientCheckInterval {
		u.ExpireRead(l.s.watch.Now() + min(left, clientCheckInterval))
		n, err := u.Read(p)
		cut := l.x.stream != nil && l.x.stream.ended.Load()
		if err == nil || cut || !isTimeout(err) || left <= clientCheckInterval || l.nc.Gone() {
			return n, err
		}
		u.ReviveRead()
	}
}

// relayLength relays a body of a known length.
func (l *lane) relayLength(got []byte) (whole bool) {
	m := l.mem
	left := m.resp.ContentLength
	if int64(len(got)) > left {
		// What follows the answer was not asked for, and its connection is done with.
		got = got[:left]
		defer func() { whole = false }()
	}
	m.back = append(l.appendResponse(m.back[:0], framing{length: left}), got...)
	left -= int64(len(got))
	err := l.write(m.back)
	for err == nil && left > 0 {
		var n int
		if n, err = l.readPiece(m.up[:min(int64(len(m.up)), left)]); err == nil {
			left -= int64(n)
			err = l.write(m.up[:n])
		}
	}
	if err != nil {
		l.closing = true
	}
	return err == nil
}

// relayChunked relays a chunked body, its chunks written anew: as chunks to
// HTTP/1.1, and up to the end of the connection to HTTP/1.0, which knows none.
// Every piece is passed on as it comes.
func (l *lane) relayChunked(got []byte) (whole bool) {
	m := l.mem
	chunked := m.req.Minor > 0
	l.closing = l.closing || !chunked
	m.back = l.appendResponse(m.back[:0], framing{length: -1, chunked: chunked})
	m.chunks.Reset()
	for {
		var err error
		m.back, got, err = recode(m.back, got, &m.chunks, chunked)
		done := err == nil && m.chunks.Done()
		if done && chunked {
			m.back = wire.AppendLast(m.back, m.chunks.Trailers())
		}
		if werr := l.write(m.back); werr != nil || err != nil {
			l.closing = true
			return false
		}
		if done {
			return len(got) == 0
		}
		n, err := l.readPiece(m.up)
		if err != nil {
			l.closing = true
			return false
		}
		got, m.back = m.up[:n], m.back[:0]
	}
}

// recode decodes p and adds its data to dst, as chunks or bare. It returns what
// follows the body.
func recode(dst, p []byte, ch *wire.Chunks, chunked bool) ([]byte, []byte, error) {
	for len(p) > 0 && !ch.Done() {
		used, data, err := ch.Next(p)
		if err != nil {
			return dst, nil, err
		}
		if chunked {
			dst = wire.AppendChunk(dst, data)
		} else {
			dst = append(dst, data...)
		}
		p = p[used:]
	}
	return dst, p, nil
}
