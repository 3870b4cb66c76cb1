package client

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// talker is a service that says its answers in bytes: the token asked about is
// the subject of each, and more follows on the connection where it says so.
func talker(t *testing.T, config *tls.Config, more func(c net.Conn, answer func(subject string) string)) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url = "http://" + ln.Addr().String()
	if config != nil {
		ln, url = tls.NewListener(ln, config), "https://"+ln.Addr().String()
	}
	t.Cleanup(func() { ln.Close() })
	answer := func(subject string) string {
		body := strings.Replace(active(time.Minute), "customer-1", subject, 1)
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				br := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(br)
					if err != nil {
						return
					}
					io.WriteString(c, answer(r.FormValue("token")))
					more(c, answer)
				}
			}()
		}
	}()
	return url
}

// certified is a TLS configuration, and the file of the authority to trust.
func certified(t *testing.T) (*tls.Config, string) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: s.TLS.Certificates}, file
}

// What the service says without being asked is the answer about no token.
func TestUnsolicited(t *testing.T) {
	config, ca := certified(t)
	said := make(chan struct{}, 1)
	for name, more := range map[string]func(net.Conn, func(string) string){
		"quiet":   func(net.Conn, func(string) string) { said <- struct{}{} },
		"another": func(c net.Conn, a func(string) string) { io.WriteString(c, a("evil")); said <- struct{}{} },
		"another, in a while": func(c net.Conn, a func(string) string) {
			time.Sleep(5 * time.Millisecond)
			io.WriteString(c, a("evil"))
			said <- struct{}{}
		},
		"half of one": func(c net.Conn, a func(string) string) { io.WriteString(c, a("evil")[:20]); said <- struct{}{} },
		"the end":     func(c net.Conn, _ func(string) string) { c.Close(); said <- struct{}{} },
	} {
		f := func(name string, config *tls.Config) {
			t.Helper()
			c := newClient(t, talker(t, config, more), func(c *Config) { patient(c); c.TLS = TLS{CAFile: ca, ServerName: "example.com"} })
			for i := range 20 {
				token := fmt.Sprint("tg_", i)
				a, err := c.Introspect(t.Context(), []byte(token))
				<-said
				time.Sleep(time.Millisecond) // for what was said to arrive
				if err != nil || a.Claims.Subject() != token {
					t.Fatalf("%s, %d: %+v, %v", name, i, a, err)
				}
			}
		}
		f(name, nil)
		f(name+", TLS", config)
	}
}

// A service that was started again leaves many connections closed: they are no
// failures, not even of the first call, and nothing is said twice.
func TestRestart(t *testing.T) {
	f := newFake(t, nil)
	c := newClient(t, f.URL, func(c *Config) { patient(c); c.Cache.TTL = 0 })
	const conns = 20
	var met sync.WaitGroup
	met.Add(conns)
	f.says(func(w http.ResponseWriter, r *http.Request) {
		met.Done()
		met.Wait() // so that each has a connection of its own
		says(active(time.Minute))(w, r)
	})
	login := func() error {
		var in fasthttp.Request
		var out fasthttp.Response
		in.Header.SetMethod("POST")
		in.SetBodyString("id=a&password=b")
		return c.Login(&in, &out, "192.0.2.1")
	}
	var all sync.WaitGroup
	for range conns / 2 {
		all.Go(func() {
			if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := login(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f.says(says(active(time.Minute)))
	f.CloseClientConnections()
	before := f.calls.Load()
	if _, err := c.Introspect(t.Context(), []byte("tg_a")); err != nil {
		t.Errorf("introspection: %v", err)
	}
	if err := login(); err != nil {
		t.Errorf("login: %v", err)
	}
	if n := f.calls.Load() - before; n != 2 {
		t.Errorf("%d calls for 2", n)
	}
}
