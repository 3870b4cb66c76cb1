package client

import (
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// noVerdict checks that an answer is no verdict on the token, ends in time, and
// leaves nothing behind.
func noVerdict(t *testing.T, name string, answer http.HandlerFunc) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		s := newFake(t, answer)
		c := newClient(t, s.URL, nil)
		began := time.Now()
		if _, err := c.Introspect(t.Context(), []byte("tg_x")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("err = %v, want ErrUnavailable", err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
		if n := c.Stats().Failures.Load(); n != 1 {
			t.Errorf("%d failures counted", n)
		}
		// nothing was stored: once the service is well again, it is asked
		s.says(says(active(time.Minute)))
		before := s.calls.Load()
		c.cfg.Timeout = 10 * time.Second
		if _, err := c.Introspect(t.Context(), []byte("tg_x")); err != nil {
			t.Errorf("after recovery: %v", err)
		}
		if n := s.calls.Load() - before; n != 1 {
			t.Errorf("%d calls after recovery", n)
		}
	})
}

// hijacked has f say what it likes, in bytes, until it fails to.
func hijacked(f func(w io.Writer) error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		for f(c) == nil {
		}
	}
}

// dripping says a byte of text at a time, and nothing more after it.
func dripping(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		i := 0
		hijacked(func(w io.Writer) error {
			time.Sleep(50 * time.Millisecond)
			if i == len(text) {
				i--
				text = strings.Repeat(" ", len(text))
			}
			i++
			_, err := io.WriteString(w, text[i-1:i])
			return err
		})(w, r)
	}
}

// A service that fails in any way says nothing about the token.
func TestFailures(t *testing.T) {
	good := active(time.Minute)
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	once := func(text string) http.HandlerFunc {
		return hijacked(func(w io.Writer) error { io.WriteString(w, text); return io.EOF })
	}
	endless := func(first, more string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			say := first
			hijacked(func(w io.Writer) error {
				_, err := io.WriteString(w, say)
				say = more
				return err
			})(w, r)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			io.WriteString(w, good)
		}
	}
	noVerdict(t, "hung", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	})
	noVerdict(t, "slow head", dripping(head+"Content-Length: 1000\r\n\r\n"+good))
	noVerdict(t, "slow body", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := range len(good) {
			io.WriteString(w, good[i:i+1])
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	noVerdict(t, "interim for ever", endless("", "HTTP/1.1 100 Continue\r\n\r\n"))
	noVerdict(t, "reset", func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	})
	noVerdict(t, "closed at once", once(""))
	noVerdict(t, "closed in the head", once(head))
	noVerdict(t, "closed in the body", once(head+"Content-Length: 1000\r\n\r\n"+good))
	noVerdict(t, "closed between chunks", once(head+"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"act\r\n"))
	noVerdict(t, "no HTTP", once("\x00\x01\x02 200 OK\r\n\r\n"+good))
	noVerdict(t, "no chunks", once(head+"Transfer-Encoding: chunked\r\n\r\nzz\r\n"+good))
	noVerdict(t, "huge", says(`{"active":true,"pad":"`+strings.Repeat("x", maxAnswer)+`"}`))
	noVerdict(t, "huge, as it says", once(head+"Content-Length: 9000000000000000000\r\n\r\n"+good))
	noVerdict(t, "huge head", once("HTTP/1.1 200 OK\r\nX-Pad: "+strings.Repeat("x", maxAnswer)+"\r\n\r\n"+good))
	noVerdict(t, "endless head", endless("HTTP/1.1 200 OK\r\n", "X-Pad: "+strings.Repeat("x", 1000)+"\r\n"))
	noVerdict(t, "endless body", endless(head+"\r\n"+good, strings.Repeat(" ", 1000)))
	noVerdict(t, "endless chunks", endless(head+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"))
	noVerdict(t, "redirect", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/oauth2/introspect" {
			t.Errorf("followed to %s", r.URL.Path)
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	noVerdict(t, "another status that is well", status(http.StatusAccepted))
	noVerdict(t, "not found", status(http.StatusNotFound))
	noVerdict(t, "too many", status(http.StatusTooManyRequests))
	noVerdict(t, "its own failure", status(http.StatusInternalServerError))
	noVerdict(t, "our credentials refused", status(http.StatusUnauthorized))
	noVerdict(t, "another type", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, good)
	})
	noVerdict(t, "a coding nobody asked for", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, good)
		z.Close()
	})
}

// A port that takes connections and says nothing: no handshake, and the call
// ends all the same.
func TestHungHandshake(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := newClient(t, "https://"+ln.Addr().String(), nil)
	ended := make(chan error, 1)
	go func() {
		_, err := c.Introspect(t.Context(), []byte("tg_x"))
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("err = %v, want ErrUnavailable", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("never ends")
	}
}
