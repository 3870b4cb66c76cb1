package introspect

import (
	"context"
	"errors"
	"net"

	"github.com/valyala/fasthttp"
)

const (
	maxBody = 64 << 10
	// A page's request has its sealed authorization request in the URL, of which
	// state alone may be 2 KiB.
	maxHead = 16 << 10
)

// publicServer is the server of everybody's listener.
func (s *Service) publicServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.serve,
		Logger:                       quiet{},
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 readTimeout,
		IdleTimeout:                  idleTimeout,
		MaxRequestBodySize:           maxBody,
		ReadBufferSize:               maxHead,
		NoDefaultServerHeader:        true,
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
		ErrorHandler:                 unreadable,
	}
}

func (s *Service) servePublic(ctx context.Context, l net.Listener) error {
	srv := s.publicServer()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(beginnings{l}) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	close(s.draining)
	over, cancel := context.WithTimeout(background, drainTime)
	defer cancel()
	// A connection on which nothing was ever sent counts as open: it is cut when
	// the time is over, and that is no failure.
	if err := srv.ShutdownWithContext(over); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// unreadable answers what fasthttp could not read: 408 where the rest of a
// request did not come in time (RFC 9110, section 15.5.9). A connection on
// which no request has begun is closed without a word: an answer to nothing
// would be taken for that of the next request.
func unreadable(ctx *fasthttp.RequestCtx, err error) {
	if c, ok := ctx.Conn().(*beginning); ok && !c.begun {
		c.Close()
		return
	}
	r := &refusal{status: 400, code: "invalid_request", description: "request cannot be read"}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		r = &refusal{status: 408, code: "invalid_request", description: "request did not come in time"}
	}
	ctx.Response.Reset()
	answerRefusal(ctx, r)
	ctx.SetConnectionClose()
}

// beginnings makes the connections of a listener know whether anything has
// been read from them, which fasthttp's errors do not tell in every case.
type beginnings struct{ net.Listener }

func (l beginnings) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &beginning{Conn: c}, nil
}

// beginning is read by one goroutine, which also asks whether it has begun.
type beginning struct {
	net.Conn
	begun bool
}

func (c *beginning) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.begun = c.begun || n > 0
	return n, err
}

// quiet drops what fasthttp has to say about connections: it quotes requests.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
