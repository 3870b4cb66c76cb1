package introspect

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// One request that is answered, and beginnings of others that are cut off.
const (
	whole      = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: as.example\r\n\r\n"
	halfLine   = "GET /.well-kno"
	halfHeader = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: as.ex"
	halfBody   = "POST /oauth2/revoke HTTP/1.1\r\nHost: as.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\ntoke"
)

// A connection on which nothing was asked is closed without a word; one on
// which a request began is told what was wrong with it.
func TestConnectionsThatEnd(t *testing.T) {
	f := start(t, quick(t))
	srv := f.svc.publicServer()
	srv.ReadTimeout, srv.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(beginnings{l}) }()
	t.Cleanup(func() {
		if err := srv.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		name, sent string
		end        func(*testing.T, net.Conn) // nil: the server's time runs out
		want       []string                   // statuses
	}{
		{"new, out of time", "", nil, nil},
		{"new, half closed", "", halfClose, nil},
		{"used, out of time", whole, nil, []string{"200"}},
		{"used, half closed", whole, halfClose, []string{"200"}},
		{"line, out of time", halfLine, nil, []string{"408"}},
		{"line, half closed", halfLine, halfClose, []string{"400"}},
		{"header, out of time", halfHeader, nil, []string{"408"}},
		{"header, half closed", halfHeader, halfClose, []string{"400"}},
		{"body, out of time", halfBody, nil, []string{"408"}},
		{"body, half closed", halfBody, halfClose, []string{"400"}},
		{"second header, out of time", whole + halfHeader, nil, []string{"200", "408"}},
		{"second body, out of time", whole + halfBody, nil, []string{"200", "408"}},
		{"second header, half closed", whole + halfHeader, halfClose, []string{"200", "400"}},
		{"no HTTP", "\x16\x03\x01\r\n\r\n", nil, []string{"400"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := statuses(talk(t, l.Addr().String(), c.sent, c.end))
			if strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("answered %v, want %v", got, c.want)
			}
		})
	}
}

// The admin listener closes idle connections without a word too.
func TestIdleAdminConnections(t *testing.T) {
	srv := adminServer(http.NotFoundHandler())
	if srv.IdleTimeout == 0 || srv.ReadHeaderTimeout == 0 {
		t.Fatal("idle connections are kept for ever")
	}
	srv.ReadHeaderTimeout, srv.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-served
	})
	for _, end := range []func(*testing.T, net.Conn){nil, halfClose} {
		if text := talk(t, l.Addr().String(), "", end); text != "" {
			t.Errorf("a new connection is told %q", text)
		}
		if got := statuses(talk(t, l.Addr().String(), whole, end)); strings.Join(got, " ") != "404" {
			t.Errorf("a used connection is answered %v", got)
		}
	}
}

func halfClose(t *testing.T, c net.Conn) {
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Error(err)
	}
}

// talk sends, and reads all there is until the server closes.
func talk(t *testing.T, address, sent string, end func(*testing.T, net.Conn)) string {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, sent); err != nil {
		t.Fatal(err)
	}
	if end != nil {
		end(t, c)
	}
	if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func statuses(text string) (found []string) {
	for _, part := range strings.Split(text, "HTTP/1.1 ")[1:] {
		found = append(found, part[:3])
	}
	return found
}
