package generator

import (
	"errors"
	"testing"
)

// read gives s to an answer in pieces of n bytes, as a connection would, and
// returns it with what was not used.
func read(t *testing.T, s string, n int) (*answer, []byte, error) {
	t.Helper()
	a := new(answer)
	var held []byte
	for len(s) > 0 && a.state != complete {
		k := min(n, len(s))
		held = append(held, s[:k]...)
		s = s[k:]
		used, err := a.feed(held)
		held = held[used:]
		if err != nil {
			return a, held, err
		}
	}
	return a, append(held, s...), nil
}

func TestAnswer(t *testing.T) {
	f := func(s string, status int, body int64, closes bool, rest string) {
		t.Helper()
		for _, n := range []int{1, 2, 3, 7, len(s)} {
			a, left, err := read(t, s, n)
			if err != nil {
				t.Errorf("%q in pieces of %d: %v", s, n, err)
				return
			}
			if a.state != complete && !a.eof() {
				t.Errorf("%q in pieces of %d: not complete", s, n)
			}
			if a.status != status || a.body != body || a.close != closes || string(left) != rest {
				t.Errorf("%q in pieces of %d: status %d body %d close %v rest %q", s, n, a.status, a.body, a.close, left)
			}
		}
	}
	// a plain answer
	f("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, 5, false, "")
	// an empty one
	f("HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 200, 0, false, "")
	// no body whatever the length says (RFC 9110, section 8.6)
	f("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, 0, false, "")
	f("HTTP/1.1 204 No Content\r\n\r\n", 204, 0, false, "")
	// chunks, an extension, a trailer
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=1\r\n0123456789\r\n0\r\nX: y\r\n\r\n", 200, 15, false, "")
	// chunked wins over a length (RFC 9112, section 6.3)
	f("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 200, 1, false, "")
	// an interim answer before the final one
	f("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\nContent-Length: 1\r\n\r\nx", 401, 1, false, "")
	// the server says it will close
	f("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 503, 0, true, "")
	// HTTP/1.0 closes unless it says otherwise
	f("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 0, true, "")
	f("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", 200, 0, false, "")
	// no framing: the body ends with the connection
	f("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, 13, true, "")
	// what comes after the answer is left over
	f("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP", 200, 1, false, "HTTP")
}

func TestAnswerRefused(t *testing.T) {
	f := func(s string, want error) {
		t.Helper()
		if _, _, err := read(t, s, len(s)); !errors.Is(err, want) {
			t.Errorf("%.60q: %v, want %v", s, err, want)
		}
	}
	// another protocol
	f("SSH-2.0-OpenSSH\r\n\r\n", ErrHead)
	// another version
	f("HTTP/2.0 200 OK\r\n\r\n", ErrHead)
	// no status
	f("HTTP/1.1 abc OK\r\n\r\n", ErrHead)
	// a negative length
	f("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ErrHead)
	// a head without end
	f("HTTP/1.1 200 OK\r\nX: "+string(make([]byte, maxHead)), ErrHeadTooLong)
	// a chunk size that is no number
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ErrChunk)
	// a negative one
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", ErrChunk)
}

// An answer cut short is not complete.
func TestAnswerCutShort(t *testing.T) {
	f := func(s string) {
		t.Helper()
		a, _, err := read(t, s, len(s))
		if err != nil || a.eof() {
			t.Errorf("%q: err %v, complete %v", s, err, a.state == complete)
		}
	}
	f("HTTP/1.1 200 OK\r\nContent-Le")
	f("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
}

func FuzzAnswer(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 3)
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 1 {
			return
		}
		// The verdict does not depend on how the bytes arrive.
		whole, _, err1 := read(t, s, len(s)+1)
		parts, _, err2 := read(t, s, n)
		if (err1 == nil) != (err2 == nil) || err1 == nil && *whole != *parts {
			t.Errorf("whole: %+v %v; in pieces of %d: %+v %v", whole, err1, n, parts, err2)
		}
	})
}
