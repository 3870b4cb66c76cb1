package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHeadRangeAndStatus(t *testing.T) {
	w, auth := newTraffic(t, nil)
	f := func(method, path string, status int, length, body string, headers ...string) {
		t.Helper()
		res := w.do(method, path, append(headers, "Authorization", auth)...)
		if res.StatusCode != status || res.Header.Get("Content-Length") != length || res.body != body {
			t.Errorf("%s %s: %d, length %q, %q; want %d, %q, %q", method, path, res.StatusCode, res.Header.Get("Content-Length"), res.body, status, length, body)
		}
	}
	f("GET", "/orders/file", 200, "10", "0123456789")
	f("HEAD", "/orders/file", 200, "10", "")
	f("GET", "/orders/file", 206, "3", "234", "Range", "bytes=2-4")
	f("GET", "/orders/file", 304, "", "", "If-Modified-Since", time.Unix(1, 0).UTC().Format(http.TimeFormat))
	f("GET", "/orders/status?n=204", 204, "", "")
	f("GET", "/orders/status?n=404", 404, "0", "")
	f("GET", "/orders/hints", 200, "2", "ok")
	// and the connections are still in step
	f("GET", "/orders/file", 200, "10", "0123456789")
	// refusals to HEAD have no body either
	res := w.raw("HEAD /orders/file HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if res.StatusCode != 401 || res.body != "" {
		t.Errorf("%d %q", res.StatusCode, res.body)
	}
}

// HTTP/1.0 gets what it can read: no chunks, and the end of the connection.
func TestHTTP10(t *testing.T) {
	w, auth := newTraffic(t, nil)
	res := w.raw("GET /orders/zeros?n=70000 HTTP/1.0\r\nAuthorization: " + auth + "\r\n\r\n")
	if res.StatusCode != 200 || len(res.body) != 70000 || len(res.TransferEncoding) > 0 {
		t.Errorf("%d, %d bytes, %v", res.StatusCode, len(res.body), res.TransferEncoding)
	}
	res = w.raw("GET /orders/file HTTP/1.0\r\nConnection: keep-alive\r\nAuthorization: " + auth + "\r\n\r\n")
	if res.StatusCode != 200 || res.body != "0123456789" || res.Header.Get("Connection") != "keep-alive" {
		t.Errorf("%d, %q, %v", res.StatusCode, res.body, res.Header)
	}
}

// Several requests in one packet are answered in order.
func TestPipelining(t *testing.T) {
	w, auth := newTraffic(t, nil)
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	var all strings.Builder
	for i := range 20 {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&all, "GET /orders/echo?%d HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\n\r\n", i, auth)
		case 1:
			fmt.Fprintf(&all, "POST /orders/echo?%d HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: 2\r\n\r\nab", i, auth)
		case 2:
			fmt.Fprintf(&all, "POST /orders/echo?%d HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", i, auth)
		}
	}
	go io.WriteString(c, all.String())
	br := bufio.NewReader(c)
	for i := range 20 {
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, _ := io.ReadAll(res.Body)
		if want := fmt.Sprintf("/orders/echo?%d h\n", i); res.StatusCode != 200 || !bytes.Contains(body, []byte(want)) {
			t.Fatalf("answer %d: %d %s", i, res.StatusCode, body)
		}
	}
}
