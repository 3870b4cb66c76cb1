package wire

import (
	"errors"
	"testing"
)

func TestResponseParse(t *testing.T) {
	f := func(head string, check func(r *Response) bool) {
		t.Helper()
		var r Response
		if n, err := r.Parse([]byte(head), 0, testLimits); err != nil || n != len(head) || !check(&r) {
			t.Errorf("%q: %d, %v, %+v", head, n, err, r)
		}
	}
	f("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\n", func(r *Response) bool {
		return r.Status == 200 && string(r.Reason) == "OK" && r.ContentLength == 3 && !r.Close && string(r.Append(nil)) == "A: b\r\n"
	})
	f("HTTP/1.1 200\r\n\r\n", func(r *Response) bool { return r.Status == 200 && len(r.Reason) == 0 && r.ContentLength == -1 })
	f("HTTP/1.1 404 Not  Found \r\nTransfer-Encoding: chunked\r\n\r\n", func(r *Response) bool { return r.Chunked })
	f("HTTP/1.0 200 OK\r\n\r\n", func(r *Response) bool { return r.Close })
	f("HTTP/1.1 200 OK\r\nConnection: close, X\r\nX: 1\r\n\r\n", func(r *Response) bool { return r.Close && len(r.Append(nil)) == 0 })
	f("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", func(r *Response) bool { return string(r.Upgrade) == "websocket" })
	fails := func(head string, want error) {
		t.Helper()
		var r Response
		if _, err := r.Parse([]byte(head), 0, testLimits); !errors.Is(err, want) {
			t.Errorf("%q: err = %v, want %v", head, err, want)
		}
	}
	fails("HTTP/2 200 OK\r\n\r\n", ErrStatusLine)
	fails("HTTP/1.2 200 OK\r\n\r\n", ErrVersion)
	fails("HTTP/1.1 20 OK\r\n\r\n", ErrStatusLine)
	fails("HTTP/1.1 099 OK\r\n\r\n", ErrStatusLine)
	fails("HTTP/1.1 2000\r\n\r\n", ErrStatusLine)
	fails("ICY 200 OK\r\n\r\n", ErrStatusLine)
	fails("HTTP/1.1 200 OK\nA: b\r\n\r\n", ErrLineEnding)
	fails("HTTP/1.1 200 O\x00K\r\n\r\n", ErrLineEnding)
	fails("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", ErrFieldName)
	fails("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ErrFold)
	fails("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", ErrLength)
	fails("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", ErrLength)
	fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", ErrCoding)
	fails("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCoding)
}

func TestBodiless(t *testing.T) {
	f := func(status int, method string, want bool) {
		t.Helper()
		if r := (Response{Status: status}); r.Bodiless([]byte(method)) != want {
			t.Errorf("%d to %s: %v", status, method, !want)
		}
	}
	f(200, "GET", false)
	f(200, "HEAD", true)
	f(204, "GET", true)
	f(304, "GET", true)
	f(101, "GET", true)
	f(404, "POST", false)
}
