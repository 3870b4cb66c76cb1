package wire

import (
	"bytes"
	"errors"
	"io"
	"net/http/httputil"
	"strings"
	"testing"
)

// decodeAll feeds body in pieces of n bytes and returns the data and what was
// left over.
func decodeAll(body []byte, n int) (data, rest []byte, done bool, err error) {
	var c Chunks
	for len(body) > 0 && !c.Done() {
		p := body[:min(n, len(body))]
		used, d, err := c.Next(p)
		data = append(data, d...)
		if err != nil {
			return data, nil, false, err
		}
		if used == 0 && len(d) == 0 {
			return data, body, false, errors.New("no progress")
		}
		body = body[used:]
	}
	return data, body, c.Done(), nil
}

func TestChunks(t *testing.T) {
	f := func(body, want, rest string) {
		t.Helper()
		for n := 1; n <= len(body); n++ {
			data, left, done, err := decodeAll([]byte(body), n)
			if err != nil || !done || string(data) != want || string(left) != rest {
				t.Errorf("%q in pieces of %d: %q, rest %q, done %v, %v", body, n, data, left, done, err)
			}
		}
	}
	f("0\r\n\r\n", "", "")
	f("3\r\nabc\r\n0\r\n\r\n", "abc", "")
	f("03\r\nabc\r\n00\r\n\r\nGET / H", "abc", "GET / H")
	f("A\r\n0123456789\r\n1;ext=\"v\"\r\nx\r\n0;last\r\n\r\n", "0123456789x", "")
	f("1\r\n\r\r\n0\r\nA: b\r\nC: d\r\n\r\nnext", "\r", "next")
	fails := func(body string, want error) {
		t.Helper()
		for n := 1; n <= len(body); n++ {
			if _, _, _, err := decodeAll([]byte(body), n); !errors.Is(err, want) {
				t.Errorf("%q in pieces of %d: err = %v, want %v", body, n, err, want)
			}
		}
	}
	fails("\r\n", ErrChunk)
	fails("x\r\n", ErrChunk)
	fails(" 3\r\nabc\r\n", ErrChunk)
	fails("3 \r\nabc\r\n", ErrChunk)
	fails("+3\r\nabc\r\n", ErrChunk)
	fails("0x3\r\nabc\r\n", ErrChunk)
	fails("3\nabc\r\n", ErrChunk)
	fails("3\r\nabcd\r\n", ErrChunk)
	fails("3\r\nabc\n0\r\n\r\n", ErrChunk)
	fails("3;a\nb\r\nabc\r\n", ErrChunk)
	fails("3;a\rb\r\nabc\r\n", ErrChunk)
	fails("3;"+strings.Repeat("a", maxExtension+1)+"\r\nabc\r\n", ErrChunk)
	fails("1000000000000000\r\n", ErrChunk)
	fails("0\r\nA : b\r\n\r\n", ErrFieldName)
	fails("0\r\nA: b\n\r\n\r\n", ErrLineEnding)
	fails("0\r\n A: b\r\n\r\n", ErrFold)
	fails("0\r\nX_Auth.Subject: b\r\n\r\n", ErrNominated)
	fails("0\r\nContent-Length: 1\r\n\r\n", ErrNominated)
	fails("0\r\nAuthorization: b\r\n\r\n", ErrNominated)
	fails("0\r\n"+strings.Repeat("A: b\r\n", maxTrailers+1)+"\r\n", ErrTooLarge)
	fails("0\r\nA: "+strings.Repeat("b", maxTrailer)+"\r\n\r\n", ErrTooLarge)
}

// What is decoded here and encoded again, net/http reads as the same.
func FuzzChunks(f *testing.F) {
	for _, s := range []string{"3\r\nabc\r\n0\r\n\r\n", "1;a=b\r\nx\r\n0\r\nT: v\r\n\r\nrest", "fff\r\n", "0\r\n\r\n"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, body []byte, n int) {
		data, rest, done, err := decodeAll(body, max(n%64, 1))
		whole, rest2, done2, err2 := decodeAll(body, len(body)+1)
		if !bytes.Equal(data, whole) && err == nil && err2 == nil || done != done2 || !bytes.Equal(rest, rest2) && done {
			t.Fatalf("%q depends on where it is cut: %q %v %v, %q %v %v", body, data, done, err, whole, done2, err2)
		}
		if !done {
			return
		}
		theirs, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body)))
		if err != nil || !bytes.Equal(theirs, data) {
			t.Fatalf("%q: %q here, %q, %v there", body, data, theirs, err)
		}
		again := AppendLast(AppendChunk(nil, data), &Fields{})
		theirs, err = io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(again)))
		if err != nil || !bytes.Equal(theirs, data) {
			t.Fatalf("written anew as %q: %q, %v", again, theirs, err)
		}
	})
}
