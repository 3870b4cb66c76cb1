package main

import (
	"context"
	"os/signal"
	"syscall"
)

// untilStopped returns a context that ends with the first SIGINT or SIGTERM.
// The second one ends the process, for who does not want to wait for the
// requests in flight.
func untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
