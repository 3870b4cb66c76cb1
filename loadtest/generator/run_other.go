//go:build !linux

package generator

import (
	"context"

	"github.com/tollgate/tollgate/loadtest/poll"
)

// Run cannot be had here: Open fails with poll.ErrUnsupported.
type Run struct{}

// Open fails.
func Open(Config) (*Run, error) { return nil, poll.ErrUnsupported }

// Close does nothing.
func (*Run) Close() {}

// Start fails.
func (*Run) Start(context.Context) (*Result, error) { return nil, poll.ErrUnsupported }
