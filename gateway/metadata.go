package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// metadataPath is where the security service describes itself (RFC 8414).
const metadataPath = "/.well-known/oauth-authorization-server"

// metadataRetry is how long the gateway waits before it asks again.
const metadataRetry = 5 * time.Second

// compareIssuer warns where the security service has another issuer than the
// configuration: then no token of its is ever accepted. It asks until there is an
// answer or the gateway ends.
func (g *Gateway) compareIssuer() {
	cfg := &g.snap.Load().cfg
	if !cfg.hasService() {
		return
	}
	transport := &http.Transport{IdleConnTimeout: time.Second}
	if t, err := cfg.SecurityService.TLS.Client(""); err == nil {
		transport.TLSClientConfig = t
	}
	defer transport.CloseIdleConnections()
	c := &http.Client{Timeout: 5 * time.Second, Transport: transport}
	for {
		issuer, err := readIssuer(g.ctx, c, cfg.SecurityService.URL+metadataPath)
		if err == nil {
			if issuer != cfg.Issuer {
				g.log.Warn("the security service is another issuer than the one configured: none of its tokens will be accepted", "service", issuer, "configured", cfg.Issuer)
			}
			return
		}
		g.log.Debug("the security service's metadata cannot be read", "error", err)
		select {
		case <-g.ctx.Done():
			return
		case <-time.After(metadataRetry):
		}
	}
}

func readIssuer(ctx context.Context, c *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var document struct {
		Issuer string `json:"issuer"`
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: status %d", url, resp.StatusCode)
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&document)
	if err == nil && document.Issuer == "" {
		err = fmt.Errorf("%s names no issuer", url)
	}
	return document.Issuer, err
}
