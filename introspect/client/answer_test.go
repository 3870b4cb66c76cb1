package client

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What is wrong with the answer is no verdict on the token, ends in time, and
// leaves nothing behind.
func TestNoVerdict(t *testing.T) {
	good := active(time.Minute)
	f := func(name string, answer http.HandlerFunc) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			s := newFake(t, answer)
			c := newClient(t, s.URL, nil)
			began := time.Now()
			if _, err := c.Introspect(t.Context(), []byte("tg_x")); !errors.Is(err, ErrUnavailable) {
				t.Errorf("err = %v, want ErrUnavailable", err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			// nothing was stored: once the service is well again, it is asked
			s.says(says(good))
			if _, err := c.Introspect(t.Context(), []byte("tg_x")); err != nil {
				t.Errorf("after recovery: %v", err)
			}
		})
	}
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			io.WriteString(w, body)
		}
	}
	f("hung", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Second):
		}
	})
	f("slow", func(w http.ResponseWriter, r *http.Request) {
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
	f("reset", func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	})
	f("closed in the middle", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, good)
		panic(http.ErrAbortHandler)
	})
	f("no HTTP", func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		io.WriteString(c, "\x00\x01\x02 200 OK\r\n\r\n"+good)
		c.Close()
	})
	f("garbage", says("\x00\xff not JSON"))
	f("empty", says(""))
	f("two values", says(good+good))
	f("not an object", says(`["active"]`))
	f("huge", says(`{"active":true,"pad":"`+strings.Repeat("x", maxAnswer)+`"}`))
	f("redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	f("404", status(404, good))
	f("500", status(500, good))
	f("our credentials refused", status(401, `{"error":"invalid_client"}`))
	f("another type", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, good)
	})
	// lies
	f("active twice", says(strings.Replace(good, "{", `{"active":false,`, 1)))
	f("active in another case", says(strings.Replace(good, `"active"`, `"Active"`, 1)))
	f("active no boolean", says(strings.Replace(good, `"active":true`, `"active":"true"`, 1)))
	f("without active", says(strings.Replace(good, `"active":true,`, ``, 1)))
	f("expired", says(active(-time.Minute)))
	f("without exp", says(strings.Replace(good, `"exp"`, `"expiry"`, 1)))
	f("another issuer", says(strings.Replace(good, "issuer.test", "issuer.evil", 1)))
	f("without sub", says(strings.Replace(good, `"sub"`, `"subject"`, 1)))
	f("without jti", says(strings.Replace(good, `"jti"`, `"id"`, 1)))
	f("roles no list", says(strings.Replace(good, `["customer"]`, `{"customer":true}`, 1)))
}
