package hardship

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// startUpstream starts an upstream for the test, and returns where it listens.
func startUpstream(t *testing.T, role string) string {
	t.Helper()
	cmd, in, out := play(t, role)
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

// serveUpstream is the upstream, until its input ends.
func serveUpstream() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("/orders/1", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.Repeat("o", 1024)) })
	mux.HandleFunc("/{route}/size", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	})
	mux.HandleFunc("/{route}/zeros", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.ParseInt(r.FormValue("n"), 10, 64)
		io.CopyN(w, zeros{}, n)
	})
	// Where answers are not read, an upstream may fill megabytes of the kernel's
	// for each, and that would be the upstream's work, not the gateway's.
	server := &http.Server{Handler: mux, ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		c.(*net.TCPConn).SetWriteBuffer(64 << 10)
		return ctx
	}}
	go server.Serve(ln)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
