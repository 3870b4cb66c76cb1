package gateway

import (
	"github.com/tollgate/tollgate/gateway/internal/wire"
	"github.com/tollgate/tollgate/gateway/upstream"
)

// relay writes the answer whose head was read to the client; got is what was
// read of its body. It reports whether u can take another request. Where the
// answer breaks off, the client's connection ends with it, so that nobody takes
// the part for the whole.
func (c *conn) relay(r *route, u *upstream.Conn, got []byte, n *id) (reusable bool) {
	s := c.s
	resp := &s.resp
	switch {
	case resp.Bodiless(s.req.Method):
		f := framing{length: resp.ContentLength}
		if resp.Status == 204 {
			f.length = -1
		}
		s.back = c.appendResponse(s.back[:0], f, n)
		if c.write(s.back) != nil {
			c.closing = true
		}
		return len(got) == 0 && !resp.Close
	case resp.Chunked:
		return c.relayChunked(r, u, got, n) && !resp.Close
	case resp.ContentLength >= 0:
		return c.relayLength(r, u, got, n) && !resp.Close
	}
	// The body ends where the connection does, on both sides.
	c.closing = true
	s.back = append(c.appendResponse(s.back[:0], framing{length: -1}, n), got...)
	err := c.write(s.back)
	for err == nil {
		var m int
		if m, err = c.await(r, u, s.up); err == nil {
			err = c.write(s.up[:m])
		}
	}
	return false
}

// relayLength relays a body of a known length.
func (c *conn) relayLength(r *route, u *upstream.Conn, got []byte, n *id) (whole bool) {
	s := c.s
	left := s.resp.ContentLength
	if int64(len(got)) > left {
		// What follows the answer was not asked for, and its connection is done with.
		got = got[:left]
		defer func() { whole = false }()
	}
	s.back = append(c.appendResponse(s.back[:0], framing{length: left}, n), got...)
	left -= int64(len(got))
	err := c.write(s.back)
	for err == nil && left > 0 {
		var m int
		if m, err = c.await(r, u, s.up[:min(int64(len(s.up)), left)]); err == nil {
			left -= int64(m)
			err = c.write(s.up[:m])
		}
	}
	if err != nil {
		c.closing = true
	}
	return err == nil
}

// relayChunked relays a chunked body, its chunks written anew: as chunks to
// HTTP/1.1, and up to the end of the connection to HTTP/1.0, which knows none.
// Every piece is passed on as it comes.
func (c *conn) relayChunked(r *route, u *upstream.Conn, got []byte, n *id) (whole bool) {
	s := c.s
	chunked := s.req.Minor > 0
	c.closing = c.closing || !chunked
	s.back = c.appendResponse(s.back[:0], framing{length: -1, chunked: chunked}, n)
	s.chunks.Reset()
	for {
		var err error
		s.back, got, err = recode(s.back, got, &s.chunks, chunked)
		done := err == nil && s.chunks.Done()
		if done && chunked {
			s.back = wire.AppendLast(s.back, s.chunks.Trailers())
		}
		if werr := c.write(s.back); werr != nil || err != nil {
			c.closing = true
			return false
		}
		if done {
			return len(got) == 0
		}
		m, err := c.await(r, u, s.up)
		if err != nil {
			c.closing = true
			return false
		}
		got, s.back = s.up[:m], s.back[:0]
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
