package target

import (
	"bytes"
	"crypto/tls"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Config of a target.
type Config struct {
	RunID string
	Body  int // bytes of an answer; default 1024

	// Every Every, counted from the start, all answers are held for Stall.
	Stall, Every time.Duration

	Chunk       int  // bytes of a chunk; 0: not chunked
	Close       bool // close the connection after each answer
	Certificate *tls.Certificate
}

// Paths of the target's own: the run it belongs to, and how many other requests
// it has answered.
const (
	RunPath   = "/loadtest/run"
	CountPath = "/loadtest/count"
)

// Target is the service; Serve runs it.
type Target struct {
	cfg    Config
	body   []byte
	start  time.Time
	count  atomic.Int64
	server fasthttp.Server
}

// New returns a target; its stalls count from now.
func New(cfg Config) *Target {
	if cfg.Body == 0 {
		cfg.Body = 1024
	}
	t := &Target{cfg: cfg, body: bytes.Repeat([]byte("tollgate"), cfg.Body/8+1)[:cfg.Body], start: time.Now()}
	t.server = fasthttp.Server{
		Handler: t.handle, NoDefaultServerHeader: true, NoDefaultDate: true, DisableHeaderNamesNormalizing: true,
		ReadBufferSize: 16 << 10,
	}
	return t
}

// Serve answers on l until it is closed.
func (t *Target) Serve(l net.Listener) error {
	if t.cfg.Certificate != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*t.cfg.Certificate}, MinVersion: tls.VersionTLS12})
	}
	return t.server.Serve(l)
}

// Shutdown closes listeners and waits for answers under way.
func (t *Target) Shutdown() error { return t.server.Shutdown() }

func (t *Target) handle(ctx *fasthttp.RequestCtx) {
	switch string(ctx.Path()) {
	case RunPath:
		ctx.SetBodyString(t.cfg.RunID)
		return
	case CountPath:
		ctx.SetBody(strconv.AppendInt(nil, t.count.Load(), 10))
		return
	}
	t.count.Add(1)
	if t.cfg.Stall > 0 {
		if into := time.Since(t.start) % t.cfg.Every; into < t.cfg.Stall {
			time.Sleep(t.cfg.Stall - into)
		}
	}
	if t.cfg.Close {
		ctx.SetConnectionClose()
	}
	if t.cfg.Chunk > 0 {
		ctx.Response.SetBodyStream(&pieces{t.body, t.cfg.Chunk}, -1)
		return
	}
	ctx.Response.SetBodyRaw(t.body)
}
