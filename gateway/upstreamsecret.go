package gateway

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tollgate/tollgate/introspect/client"
)

// gatewayField is the field line by which upstreams know the gateway, or nothing
// where no secret is configured.
func gatewayField(s client.Secret) ([]byte, error) {
	if !s.Set() {
		return nil, nil
	}
	secret, err := s.Read()
	if err != nil {
		return nil, fmt.Errorf("upstream_secret: %w", err)
	}
	if !visible(secret, 0) {
		return nil, errors.New("upstream_secret: cannot travel in a header field")
	}
	return []byte("X-Auth-Gateway: " + secret + "\r\n"), nil
}

// rereadUpstreamSecret uses the secret in its file where that has changed. One
// that cannot be read leaves the present one in use.
func (g *Gateway) rereadUpstreamSecret() {
	if g.snap.Load().cfg.UpstreamSecret.File == "" || !g.reloading.TryLock() {
		return
	}
	defer g.reloading.Unlock()
	last := g.snap.Load()
	field, err := gatewayField(last.cfg.UpstreamSecret)
	if err != nil || bytes.Equal(field, last.edge.GatewayField) {
		return
	}
	next := *last
	next.edge.GatewayField = field
	g.snap.Store(&next)
	g.edge.Use(&next.edge)
	g.log.Info("the secret for upstreams is a new one")
}
