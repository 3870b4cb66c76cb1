package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
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
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	// net/http would report that its writing failed, rather than the answer.
	go func() {
		fmt.Fprintf(c, "POST /orders/stuck HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n", auth, 64<<20)
		io.Copy(c, io.LimitReader(zeros{}, 64<<20))
	}()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("%s", res.Status)
	}
}
