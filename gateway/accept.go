package gateway

import (
	"crypto/tls"
	"errors"
	"net"
	"runtime/debug"
	"time"
)

// accept takes connections until ln is closed.
func (g *Gateway) accept(ln net.Listener) error {
	var pause time.Duration
	for {
		nc, err := ln.Accept()
		if err != nil {
			if g.draining.Load() || errors.Is(err, net.ErrClosed) {
				return nil
			}
			// Out of file descriptors, say: waiting helps more than ending.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			g.log.Warn("accepting a connection", "err", err)
			time.Sleep(pause)
			continue
		}
		pause = 0
		g.start(nc)
	}
}

// unsent is how much of an answer lies ready in the kernel for a client that has
// no room for it yet. Without a bound the kernel takes megabytes.
const unsent = 128 << 10

// start serves a connection in a goroutine of its own, if there is room.
func (g *Gateway) start(nc net.Conn) {
	if g.tls != nil {
		nc = tls.Server(nc, g.tls.config)
	}
	c := newConn(g, nc, g.tls != nil)
	c.nc.LimitUnsent(unsent)
	if !g.admit(c) {
		nc.Close()
		return
	}
	g.done.Add(1)
	go func() {
		defer g.done.Done()
		defer g.dismiss(c)
		defer nc.Close()
		defer g.recover()
		if t, ok := nc.(*tls.Conn); ok && !g.handshake(t) {
			return
		}
		g.watch.Add(c.nc)
		defer g.watch.Remove(c.nc)
		c.serve()
	}()
}

// recover keeps a bug in handling one connection from ending all others.
func (g *Gateway) recover() {
	if r := recover(); r != nil {
		g.log.Error("BUG: panic while serving a connection", "panic", r, "stack", string(debug.Stack()))
	}
}

// admit counts c in, unless there are too many.
func (g *Gateway) admit(c *conn) bool {
	limits := &g.snap.Load().cfg.Limits
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining.Load() || len(g.conns) >= limits.Connections {
		return false
	}
	if most := limits.ConnectionsPerAddress; most > 0 && g.perAddr[c.remote] >= most {
		return false
	}
	g.perAddr[c.remote]++ // always: a reload may bring the bound
	g.conns[c] = struct{}{}
	g.open.Add(1)
	return true
}

func (g *Gateway) dismiss(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
	g.open.Add(-1)
	if g.perAddr[c.remote]--; g.perAddr[c.remote] <= 0 {
		delete(g.perAddr, c.remote)
	}
}

// handshake does the TLS handshake within the time for a head.
func (g *Gateway) handshake(t *tls.Conn) bool {
	t.SetDeadline(time.Now().Add(g.snap.Load().cfg.Timeouts.Head))
	if t.Handshake() != nil {
		return false
	}
	t.SetDeadline(time.Time{})
	return true
}

// drain takes no more connections, ends those that wait, and lets the requests
// under way end.
func (g *Gateway) drain(ln net.Listener) {
	g.draining.Store(true)
	ln.Close()
	ended := make(chan struct{})
	go func() { g.done.Wait(); close(ended) }()
	deadline := time.After(g.snap.Load().cfg.Timeouts.Drain)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	g.tunnels.cutAll()
	for {
		g.each(func(c *conn) {
			if !c.busy.Load() {
				c.nc.KickRead()
			}
		})
		select {
		case <-ended:
			return
		case <-tick.C:
		case <-deadline:
			g.each(func(c *conn) { c.nc.Kick() })
			select {
			case <-ended:
			case <-time.After(time.Second):
			}
			return
		}
	}
}

// each calls f with every connection.
func (g *Gateway) each(f func(*conn)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		f(c)
	}
}

// soon is a deadline for a last answer.
func (g *Gateway) soon() time.Time { return time.Now().Add(time.Second) }
