//go:build !linux

package delay

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/tollgate/tollgate/loadtest/poll"
)

// Proxy cannot be had here: Serve fails with poll.ErrUnsupported.
type Proxy struct{}

// New returns a proxy that cannot serve.
func New(*net.TCPListener, string) *Proxy { return new(Proxy) }

// Set does nothing.
func (*Proxy) Set(time.Duration) {}

// Stall does nothing.
func (*Proxy) Stall(time.Duration) {}

// Serve fails.
func (*Proxy) Serve(context.Context) error { return poll.ErrUnsupported }

// Control fails.
func (*Proxy) Control(io.Reader, io.Writer) error { return poll.ErrUnsupported }
