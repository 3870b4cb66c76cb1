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

func TestExpect(t *testing.T) {
	w, auth := newTraffic(t, nil)
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	br := bufio.NewReader(c)
	line := func() string {
		s, err := br.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(s)
	}
	// allowed: told to go on, and Expect stays here
	fmt.Fprintf(c, "POST /orders/echo HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n", auth)
	if got := line() + line(); got != "HTTP/1.1 100 Continue" {
		t.Fatalf("%q", got)
	}
	io.WriteString(c, "abc")
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	if !bytes.HasSuffix(body, []byte("\nabc")) || bytes.Contains(body, []byte("Expect")) {
		t.Errorf("%s", body)
	}
	// not allowed: told so, without a byte of the body
	fmt.Fprintf(c, "POST /admin HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", auth)
	if got := line(); got != "HTTP/1.1 403 Forbidden" {
		t.Errorf("%q", got)
	}
}

func TestBodyLimit(t *testing.T) {
	w, auth := newTraffic(t, func(c *Config) { c.Routes[0].MaxBody = 1000 })
	f := func(status int, body io.Reader) {
		t.Helper()
		if res := w.send("POST", "/orders/echo", body, "Authorization", auth); res.StatusCode != status {
			t.Errorf("%d, want %d", res.StatusCode, status)
		}
	}
	f(200, bytes.NewReader(make([]byte, 1000)))
	f(413, bytes.NewReader(make([]byte, 1001)))
	f(413, bytes.NewReader(make([]byte, (2<<20)/2))) // more might never be read, and reset the connection
	// chunked: nobody knows before
	f(200, io.MultiReader(bytes.NewReader(make([]byte, 500)), bytes.NewReader(make([]byte, 500))))
	f(413, io.MultiReader(bytes.NewReader(make([]byte, 500)), bytes.NewReader(make([]byte, 501))))
}

// An upstream that answers before it has the body is heard.
func TestEarlyAnswer(t *testing.T) {
	w, auth := newTraffic(t, nil)
	c, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "POST /orders/early HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: 1000000\r\n\r\nabc", auth)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusTeapot {
		t.Fatalf("%v, %v", res, err)
	}
}
