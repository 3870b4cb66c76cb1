package gateway

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// dialSocket upgrades a connection.
func dialSocket(t *testing.T, w *world, auth, extra string) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "GET /orders/ws HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n%s\r\n", auth, extra)
	br := bufio.NewReader(c)
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, br, res
}

// echoes says something and hears it again.
func echoes(t *testing.T, c net.Conn, br *bufio.Reader, say string) {
	t.Helper()
	io.WriteString(c, say)
	got := make([]byte, len(say))
	if _, err := io.ReadFull(br, got); err != nil || string(got) != say {
		t.Fatalf("%q, %v", got, err)
	}
}

// ended waits for the gateway to end the connection.
func ended(t *testing.T, c net.Conn, br *bufio.Reader, why string) {
	t.Helper()
	_, err := br.ReadByte()
	if ne := net.Error(nil); err == nil || errors.As(err, &ne) && ne.Timeout() {
		t.Errorf("%s: still open (%v)", why, err)
	}
}

func TestWebSocket(t *testing.T) {
	w, auth := newTraffic(t, nil)
	c, br, res := dialSocket(t, w, auth, "")
	if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Accept") != "x" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	hello := make([]byte, 6)
	if _, err := io.ReadFull(br, hello); err != nil || string(hello) != "hello " {
		t.Fatalf("%q, %v", hello, err)
	}
	echoes(t, c, br, "one")
	echoes(t, c, br, "two")
	c.Close()
	w.eventually("let go of", func() bool { return w.g.edge.WebSockets() == 0 })
}

// A tunnel ends when its token does.
func TestWebSocketTokenEnds(t *testing.T) {
	w, _ := newTraffic(t, nil)
	open := func(seconds int64) (net.Conn, *bufio.Reader, map[string]any) {
		t.Helper()
		claims := w.service.claims("customer-1", "customer")
		claims["exp"] = time.Now().Unix() + seconds
		c, br, res := dialSocket(t, w, "Bearer "+w.service.sign(claims), "")
		if res.StatusCode != 101 {
			t.Fatal(res.StatusCode)
		}
		br.Discard(6)
		echoes(t, c, br, "x")
		return c, br, claims
	}
	c, br, claims := open(600)
	other, obr, _ := open(600)
	w.service.revoke("token", claims["jti"].(string))
	ended(t, c, br, "revoked")
	echoes(t, other, obr, "not revoked")

	c, br, _ = open(2)
	ended(t, c, br, "expired")

	go w.stop()
	ended(t, other, obr, "draining")
}

func TestWebSocketRefused(t *testing.T) {
	w, auth := newTraffic(t, nil)
	f := func(status int, request string) {
		t.Helper()
		if res := w.raw(request); res.StatusCode != status {
			t.Errorf("%q: %d, want %d", request, res.StatusCode, status)
		}
	}
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	// without a token, on a route that has none, with a body, other than GET
	f(401, "GET /orders/ws HTTP/1.1\r\nHost: h\r\n"+upgrade)
	f(403, "GET /whoami HTTP/1.1\r\nHost: h\r\nAuthorization: "+auth+"\r\n"+upgrade)
	f(400, "POST /orders/ws HTTP/1.1\r\nHost: h\r\nAuthorization: "+auth+"\r\n"+upgrade)
	f(400, "GET /orders/ws HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nAuthorization: "+auth+"\r\n"+upgrade+"x")
	// h2c is not forwarded: the request is
	res := w.raw("GET /orders/echo HTTP/1.1\r\nHost: h\r\nAuthorization: " + auth + "\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n")
	if res.StatusCode != 200 || res.Header.Get("Upgrade") != "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}
