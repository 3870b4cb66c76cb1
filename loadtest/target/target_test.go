package target

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// start serves cfg and returns a function that gets a path and tells how the body
// was framed.
func start(t *testing.T, cfg Config, client *http.Client, scheme string) func(path string) (body string, length int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(cfg)
	go s.Serve(l)
	t.Cleanup(func() { client.CloseIdleConnections(); s.Shutdown() })
	return func(path string) (string, int64) {
		t.Helper()
		resp, err := client.Get(scheme + "://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %d, %v", path, resp.StatusCode, err)
		}
		return string(b), resp.ContentLength
	}
}

// It names its run and counts what it answers, its own paths not.
func TestRunAndCount(t *testing.T) {
	get := start(t, Config{RunID: "r1"}, &http.Client{Transport: &http.Transport{}}, "http")
	if id, _ := get(RunPath); id != "r1" {
		t.Errorf("run %q", id)
	}
	for range 3 {
		if b, n := get("/anything"); len(b) != 1024 || n != 1024 {
			t.Errorf("a body of %d, Content-Length %d", len(b), n)
		}
	}
	if n, _ := get(CountPath); n != "3" {
		t.Errorf("count %s, want 3", n)
	}
}

func TestChunkedOverTLS(t *testing.T) {
	cert, pool, err := SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	get := start(t, Config{Body: 5000, Chunk: 700, Certificate: cert}, client, "https")
	if b, n := get("/"); len(b) != 5000 || n != -1 {
		t.Errorf("a body of %d, Content-Length %d", len(b), n)
	}
}

// Within a stall nothing is answered before its end.
func TestStall(t *testing.T) {
	begin := time.Now()
	get := start(t, Config{Stall: 300 * time.Millisecond, Every: time.Hour}, &http.Client{Transport: &http.Transport{}}, "http")
	get("/")
	if d := time.Since(begin); d < 300*time.Millisecond {
		t.Errorf("answered after %v, within the stall", d)
	}
}
