package edge

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// refusedLines is how many lines a second are written of requests that could not
// be read and of wrong client secrets. More are counted and told later: anybody
// can send such requests.
const refusedLines = 10

// always reports whether an outcome is logged whatever the configuration samples:
// what an operator is asked about, and nothing in an upstream's log shows.
func always(o Outcome) bool {
	switch o {
	case badRequest, headTooLarge, targetTooLong, tooSlow, InvalidClient:
		return true
	}
	return false
}

// accessLog logs a request, if it is one to log: its path without the query,
// and nothing that the client has presented, except what the reason quotes of a
// token's claims. At debug, every refusal is logged.
func (s *Server) accessLog(x *exchange, r *wire.Request, took time.Duration) {
	level := slog.LevelInfo
	sampled := x.set.LogSample > 0 && s.requests.Add(1)%uint64(x.set.LogSample) == 0
	var suppressed uint64
	switch {
	case sampled || x.set.LogErrors && x.status >= 500:
	case always(x.outcome):
		var ok bool
		if ok, suppressed = s.refusals.take(x.began.Unix()); !ok {
			return
		}
	case x.outcome != Allowed && x.outcome != Served && s.log.Enabled(context.Background(), slog.LevelDebug):
		level = slog.LevelDebug
	default:
		return
	}
	route := ""
	if x.route != nil {
		route = x.route.Where()
	}
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("id", string(x.id[:])),
		slog.String("method", string(r.Method)),
		slog.String("path", string(r.Path)),
		slog.String("route", route),
		slog.String("outcome", answers[x.outcome].label),
		slog.Int("status", x.status),
		slog.String("address", x.client.String()),
		slog.String("subject", x.subject),
		slog.Int64("bytes", x.sent),
		slog.String("upstream", x.upstream),
		slog.Float64("ms", float64(took.Microseconds())/1000),
	)
	if x.outcome == InvalidToken {
		code, detail := s.auth.Explain(presented(r), x.began)
		attrs = append(attrs, slog.String("reason", code), slog.String("detail", detail))
	}
	if suppressed > 0 {
		attrs = append(attrs, slog.Uint64("suppressed", suppressed))
	}
	s.log.LogAttrs(context.Background(), level, "request", attrs...)
}

// logUnread logs a request whose head could not be read, which has an id from
// its answer alone.
func (s *Server) logUnread(l *lane, o Outcome, n id, why error) {
	ok, suppressed := s.refusals.take(time.Now().Unix())
	if !ok {
		return
	}
	attrs := []slog.Attr{
		slog.String("id", string(n[:])),
		slog.String("outcome", answers[o].label),
		slog.Int("status", answers[o].status),
		slog.String("address", l.remote.String()),
	}
	if why != nil {
		attrs = append(attrs, slog.String("reason", why.Error()))
	}
	if suppressed > 0 {
		attrs = append(attrs, slog.Uint64("suppressed", suppressed))
	}
	s.log.LogAttrs(context.Background(), slog.LevelInfo, "request", attrs...)
}

// lineLimit lets refusedLines lines a second through. It is safe for concurrent
// use; at the turn of a second a few more may pass.
type lineLimit struct {
	second     atomic.Int64
	lines      atomic.Int64
	suppressed atomic.Uint64
}

// take reports whether a line may be written in a second, and how many were not
// since the last that was.
func (l *lineLimit) take(second int64) (ok bool, suppressed uint64) {
	if last := l.second.Load(); last != second && l.second.CompareAndSwap(last, second) {
		l.lines.Store(0)
	}
	if l.lines.Add(1) > refusedLines {
		l.suppressed.Add(1)
		return false, 0
	}
	return true, l.suppressed.Swap(0)
}
