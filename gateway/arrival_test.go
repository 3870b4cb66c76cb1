package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A client may write head and body apart, and a network may cut anywhere: the
// answer and the body that the upstream receives are the same.
func TestBodyArrivesLater(t *testing.T) {
	w := newWorld(t, ModeJWT, nil)
	token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	// A line feed, an empty line and what looks like another request: none
	// of them is part of the head.
	bodies := []string{
		"amount=1",
		"{\n  \"item\": \"tea\"\n}\n",
		"amount=9999\r\n\r\namount=0001",
		"\r\n\r\n",
		"\n",
		"x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
	}
	for _, body := range bodies {
		head := fmt.Sprintf("POST /orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", token, len(body))
		request := head + body
		for cut := len(head) - 5; cut < len(request); cut++ {
			got := arrive(t, w, request, cut)
			if want := "\n\n" + body; !strings.HasSuffix(got, want) {
				t.Errorf("body %q cut at %d, %d after the head: the upstream saw %q, want an end of %q", body, cut, cut-len(head), got, want)
			}
		}
	}
}

// arrive sends request in two writes with a pause between and returns the body
// of the answer.
func arrive(t *testing.T, w *world, request string, cut int) string {
	t.Helper()
	nc, err := net.Dial("tcp", w.public)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(nc, request[:cut])
	time.Sleep(2 * time.Millisecond)
	io.WriteString(nc, request[cut:])
	res, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatalf("cut at %d: reading the answer: %v", cut, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("cut at %d: reading the body of the answer: %v", cut, err)
	}
	if res.StatusCode != http.StatusOK {
		t.Errorf("cut at %d: status %d, want 200", cut, res.StatusCode)
	}
	return string(got)
}
