package gateway

import (
	"errors"
	"io"
	"os"

	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// errBodyTooLarge: a body is over its limit.
var errBodyTooLarge = errors.New("request body is too large")

// minRate is the rate in bytes a second below which a body is too slow, once
// the grace time is over.
const minRate = 1 << 10

// A bodyReader reads the body of the request at hand from the connection.
type bodyReader struct {
	c       *conn
	length  int64 // left, where the body is not chunked
	chunked bool
	chunks  wire.Chunks
	max     int64 // 0: no bound
	size    int64
	buf     []byte // read into, once what the connection has buffered is used up
	rest    []byte // read and not yet used
	own     bool   // rest is in buf, not in the connection's buffer
	began   int64
	paused  int64 // milliseconds spent waiting for others than the client
}

func (c *conn) body(limit int64) *bodyReader {
	r := &c.s.req
	b := &bodyReader{
		c: c, length: max(r.ContentLength, 0), chunked: r.Chunked, max: limit,
		buf: make([]byte, upSize), began: c.g.watch.Now(),
	}
	b.rest = c.s.in[c.s.start:c.s.end]
	return b
}

// next returns the next piece of data, valid until the call after it, and
// io.EOF after the last.
func (b *bodyReader) next() ([]byte, error) {
	for {
		data, err := b.take()
		if err != nil || len(data) > 0 {
			if b.size += int64(len(data)); err == nil && b.max > 0 && b.size > b.max {
				err = errBodyTooLarge
			}
			return data, err
		}
		if len(b.rest) > 0 {
			continue
		}
		b.c.nc.ExpireRead(b.began + b.paused + b.c.g.snap.Load().body + b.size*1000/minRate)
		into := b.buf
		if !b.chunked {
			into = into[:min(int64(len(into)), b.length)]
		}
		n, err := b.c.nc.Read(into)
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		b.rest, b.own = b.buf[:n], true
	}
}

// take takes data from what was read.
func (b *bodyReader) take() (data []byte, err error) {
	if !b.chunked {
		if b.length == 0 {
			return nil, io.EOF
		}
		n := min(b.length, int64(len(b.rest)))
		data, b.rest = b.rest[:n], b.rest[n:]
		b.length -= n
		return data, nil
	}
	used, data, err := b.chunks.Next(b.rest)
	b.rest = b.rest[used:]
	if err == nil && len(data) == 0 && b.chunks.Done() {
		err = io.EOF
	}
	return data, err
}

// finish gives what follows the body back to the connection, whose next
// request it begins.
func (b *bodyReader) finish() {
	c := b.c
	c.nc.ExpireRead(0)
	if !b.own {
		c.s.start = c.s.end - len(b.rest)
		return
	}
	if len(b.rest) > len(c.s.in) {
		c.closing = true
		b.rest = nil
	}
	c.s.start, c.s.end = 0, copy(c.s.in, b.rest)
}

// bodyFailure is what to tell a client whose body could not be read.
func bodyFailure(err error) outcome {
	switch {
	case errors.Is(err, errBodyTooLarge):
		return bodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return headTooSlow
	}
	return badRequest
}
