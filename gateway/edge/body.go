package edge

import (
	"errors"
	"io"
	"os"
	"sync/atomic"

	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// errBodyTooLarge: a body is over its limit.
var errBodyTooLarge = errors.New("request body is too large")

// minRate is the rate in bytes a second below which a body is too slow.
const minRate = 1 << 10

// A body is the body of the request under way: a reader of data that is here
// already, or still to come. One goroutine reads it at a time.
type body struct {
	l       *lane
	here    bool  // all of it is in rest
	length  int64 // left, where the body is not chunked
	chunked bool
	chunks  wire.Chunks
	max     int64       // 0: no bound
	size    int64       // of the data so far
	rest    []byte      // read and not yet used: of memory.in at first, of buf later
	buf     []byte      // read into; made when it is first needed
	own     bool        // rest is in buf
	stop    atomic.Bool // nobody wants the rest

	// The rate is that of a window: it ends once minRate was kept for
	// patience, and the body is too slow once it has lasted longer.
	patience int64 // milliseconds
	window   int64 // when it began, in Unix milliseconds; waits for others than the client move it
	arrived  int64 // bytes since then
}

// open has b read the body of the request at hand, whose data begins at the
// start of rest. Its bound is limit, and 0 is none.
func (b *body) open(l *lane, r *wire.Request, rest []byte, patience int64) {
	length := max(r.ContentLength, 0)
	trailers := b.chunks
	trailers.Reset()
	b.l, b.length, b.chunked, b.chunks, b.rest, b.own = l, length, r.Chunked, trailers, rest, false
	b.here = !r.Chunked && int64(len(rest)) >= length
	b.max, b.size, b.patience, b.window, b.arrived = 0, 0, patience, l.s.watch.Now(), 0
	b.stop.Store(false)
}

// whole takes the whole body, which has to be here.
func (b *body) whole() []byte {
	data := b.rest[:b.length]
	b.rest, b.length = b.rest[b.length:], 0
	return data
}

// next returns the next piece of data, valid until the call after it, and
// io.EOF after the last. It must not be called within netio.Conn.Serve unless
// the body is here.
func (b *body) next() ([]byte, error) {
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
		if b.buf == nil {
			b.buf = make([]byte, upSize)
		}
		into := b.buf
		if !b.chunked {
			into = into[:min(int64(len(into)), b.length)]
		}
		b.l.nc.ExpireRead(b.window + b.patience)
		n, err := b.l.nc.Read(into)
		if b.interrupted(err) {
			b.l.nc.ReviveRead()
			continue
		}
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		b.rest, b.own = b.buf[:n], true
		if b.arrived += int64(n); b.arrived*1000 >= minRate*b.patience {
			b.window, b.arrived = b.l.s.watch.Now(), 0
		}
	}
}

// interrupted reports whether reading failed because the server has begun to
// drain, in the moment in which the request began: a request that has begun is
// served.
func (b *body) interrupted(err error) bool {
	s := b.l.s
	return isTimeout(err) && s.draining.Load() && !s.cut.Load() && !b.stop.Load() && s.watch.Now() < b.window+b.patience
}

// waited says that the reader has waited for somebody else than the client, for
// so many milliseconds.
func (b *body) waited(ms int64) { b.window += ms }

// take takes data from what was read.
func (b *body) take() (data []byte, err error) {
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

// over reports whether the body was read to its end.
func (b *body) over() bool {
	if b.chunked {
		return b.chunks.Done()
	}
	return b.length == 0
}

// bodyFailure is what to tell a client whose body could not be read.
func bodyFailure(err error) Outcome {
	switch {
	case errors.Is(err, errBodyTooLarge):
		return bodyTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return tooSlow
	}
	return badRequest
}
