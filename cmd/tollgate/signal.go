package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilStopped returns a context that ends with the first SIGINT or SIGTERM, or
// one of the other signals. The second one ends the process, for who does not
// want to wait for the requests in flight.
func untilStopped(ctx context.Context, others ...os.Signal) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, append(others, syscall.SIGINT, syscall.SIGTERM)...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
