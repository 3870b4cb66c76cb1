package gateway

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// An upstream that takes no more of a body does not hold the request for ever.
func TestStuckUpstream(t *testing.T) {
	ln := listen(t) // connections wait in its backlog, and nobody reads from them
	defer ln.Close()
	w, auth := newTraffic(t, func(c *Config) {
		c.Routes[0].Upstream, c.Routes[0].Timeout = "http://"+ln.Addr().String(), 200*time.Millisecond
	})
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+w.public+"/orders/stuck", io.LimitReader(zeros{}, 64<<20))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 64 << 20
	req.Header.Set("Authorization", auth)
	c := http.Client{Timeout: 10 * time.Second}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("%s", res.Status)
	}
}
