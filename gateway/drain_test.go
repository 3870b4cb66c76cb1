package gateway

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Told to stop, the gateway lets the request under way end, and takes no other.
func TestDrain(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	w := newWorldWith(t, ModeJWT, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-proceed
		io.WriteString(w, "done")
	}), nil)
	idle, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	answer := make(chan got)
	go func() { answer <- w.do("GET", "/healthz") }()
	<-arrived
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	idle.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("an idle connection: %v", err)
	}
	if _, err := net.Dial("tcp", w.public); err == nil {
		t.Error("a new connection was taken")
	}
	close(proceed)
	if res := <-answer; res.StatusCode != 200 || res.body != "done" {
		t.Errorf("%d %q", res.StatusCode, res.body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
