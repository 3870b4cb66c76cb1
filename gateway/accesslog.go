package gateway

import (
	"context"
	"log/slog"
	"time"
)

// accessLog logs a request, if it is one to log: its path without the query,
// and nothing that the client has presented.
func (g *Gateway) accessLog(c *conn, e *exchange, took time.Duration) {
	cfg := &g.snap.Load().cfg.AccessLog
	sampled := cfg.Sample > 0 && g.requests.Add(1)%uint64(cfg.Sample) == 0
	if !sampled && !(cfg.Errors && e.status >= 500) {
		return
	}
	route := ""
	if e.route != nil {
		route = e.route.Where()
	}
	r := &c.s.req
	g.log.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("id", string(e.id[:])),
		slog.String("method", string(r.Method)),
		slog.String("path", string(r.Path)),
		slog.String("route", route),
		slog.String("outcome", answers[e.outcome].label),
		slog.Int("status", e.status),
		slog.String("address", c.clientAddr().String()),
		slog.Duration("took", took),
	)
}
