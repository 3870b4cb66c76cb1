package edge

import (
	"context"
	"log/slog"
	"time"

	"github.com/tollgate/tollgate/gateway/internal/wire"
)

// accessLog logs a request, if it is one to log: its path without the query,
// and nothing that the client has presented.
func (s *Server) accessLog(x *exchange, r *wire.Request, took time.Duration) {
	sampled := x.set.LogSample > 0 && s.requests.Add(1)%uint64(x.set.LogSample) == 0
	if !sampled && !(x.set.LogErrors && x.status >= 500) {
		return
	}
	route := ""
	if x.route != nil {
		route = x.route.Where()
	}
	s.log.LogAttrs(context.Background(), slog.LevelInfo, "request",
		slog.String("id", string(x.id[:])),
		slog.String("method", string(r.Method)),
		slog.String("path", string(r.Path)),
		slog.String("route", route),
		slog.String("outcome", answers[x.outcome].label),
		slog.Int("status", x.status),
		slog.String("address", x.client.String()),
		slog.Duration("took", took),
	)
}
