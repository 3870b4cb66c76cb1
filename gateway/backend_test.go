package gateway

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// backend is an upstream with a bit of everything.
func backend() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/orders/echo", echo)
	mux.HandleFunc("/orders/digest", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, "%d %x", n, h.Sum(nil))
	})
	mux.HandleFunc("/orders/zeros", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.ParseInt(r.FormValue("n"), 10, 64)
		if r.FormValue("length") != "" {
			w.Header().Set("Content-Length", r.FormValue("n"))
		}
		io.CopyN(w, zeros{}, n)
	})
	mux.HandleFunc("/orders/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			select {
			case <-eventGate:
			case <-r.Context().Done():
				return
			}
		}
	})
	mux.HandleFunc("/orders/file", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "file", time.Unix(1, 0), strings.NewReader("0123456789"))
	})
	mux.HandleFunc("/orders/trailers", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Sum")
		fmt.Fprintf(w, "%s", r.Trailer.Get("X-In"))
		w.Header().Set("X-Sum", "out")
	})
	mux.HandleFunc("/orders/status", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("n"))
		w.WriteHeader(n)
	})
	mux.HandleFunc("/orders/early", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot) // without reading the body
	})
	mux.HandleFunc("/orders/hints", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
		io.WriteString(w, "ok")
	})
	mux.HandleFunc("/orders/hang", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/orders/abort", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/orders/ws", webSocketEcho)
	return mux
}

var eventGate = make(chan struct{})

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// webSocketEcho upgrades by hand and sends back whatever comes.
func webSocketEcho(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" {
		w.WriteHeader(http.StatusUpgradeRequired)
		return
	}
	c, brw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello ")
	io.Copy(c, brw)
}

func newTraffic(t *testing.T, change func(*Config)) (*world, string) {
	w := newWorldWith(t, ModeJWT, backend(), func(c *Config) {
		c.Routes[0].WebSocket = true
		if change != nil {
			change(c)
		}
	})
	return w, "Bearer " + w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
}
