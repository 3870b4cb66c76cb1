// Package freeport finds ports for programs that tests start and that must be
// told where to listen.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
)

// Systems hand out ports from 32768 on, or from 49152, to whoever connects or
// listens on port 0. A port below is taken by nobody by chance while a program
// that was told it starts.
const (
	first = 10_000
	ports = 32_768 - first
)

// next differs between the processes that look at the same time.
var next atomic.Uint32

func init() { next.Store(rand.Uint32N(ports)) }

// Pick returns an address of this machine at which nobody listens. A process is
// not given one twice before it has been given all others.
func Pick() (string, error) {
	var err error
	for range ports {
		addr := fmt.Sprintf("127.0.0.1:%d", first+next.Add(1)%ports)
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("no port is free: %w", err)
}
