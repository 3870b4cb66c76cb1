package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/tollgate/tollgate/introspect"
)

// offlineAudit writes the audit lines of changes that are made while no service
// runs to audit.log in the data folder, as JSON. A running service has them in
// its log. Everything else that is logged is dropped: the commands say
// themselves what they did.
func offlineAudit(conf introspect.Config) *slog.Logger {
	path := filepath.Join(conf.WithDefaults().Data, "audit.log")
	h := slog.NewJSONHandler(&appender{path: path}, nil)
	return slog.New(auditOnly{h}).With("uid", os.Getuid(), "offline", true)
}

// auditOnly passes audit lines on, and nothing else.
type auditOnly struct{ slog.Handler }

func (h auditOnly) Handle(ctx context.Context, r slog.Record) error {
	if r.Message != "audit" {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h auditOnly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return auditOnly{h.Handler.WithAttrs(attrs)}
}

func (h auditOnly) WithGroup(name string) slog.Handler { return auditOnly{h.Handler.WithGroup(name)} }

// appender appends each write to a file, which only its owner can read. It makes
// the file at the first write.
type appender struct{ path string }

var _ io.Writer = (*appender)(nil)

func (a *appender) Write(p []byte) (int, error) {
	f, err := os.OpenFile(a.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.Write(p)
}
