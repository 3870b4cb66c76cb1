package gateway

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// Bodies stream both ways, whatever their framing, and are what they were.
// `make hardship` sends a GiB each way, beside the memory it takes.
func TestStreaming(t *testing.T) {
	w, auth := newTraffic(t, nil)
	size := int64(8 << 20)
	if s := os.Getenv("TOLLGATE_BODY"); s != "" {
		var err error
		if size, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	upload := func(length int64) {
		t.Helper()
		h := sha256.New()
		body := io.TeeReader(io.LimitReader(rand.Reader, size), h)
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+w.public+"/orders/digest", body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		req.Header.Set("Authorization", auth)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got, _ := io.ReadAll(res.Body)
		if want := fmt.Sprintf("%d %s", size, hex.EncodeToString(h.Sum(nil))); string(got) != want {
			t.Errorf("length %d: upstream got %.100q, want %q", length, got, want)
		}
	}
	download := func(query string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+w.public+"/orders/zeros?n="+fmt.Sprint(size)+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", auth)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
			t.Errorf("%q: %d bytes, %v", query, n, err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	upload(-1)
	upload(size)
	download("")
	download("&length=1")
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); size >= 1<<30 && grown > size/8 {
		t.Errorf("%d bytes of heap for bodies of %d", grown, size)
	}
	// and the connection is good for another
	if res := w.send("PUT", "/orders/echo", strings.NewReader("x"), "Authorization", auth); res.StatusCode != 200 || !strings.HasSuffix(res.body, "\nx") {
		t.Errorf("afterwards: %d %s", res.StatusCode, res.body)
	}
}

// Server-sent events arrive as they are sent.
func TestEvents(t *testing.T) {
	w, auth := newTraffic(t, nil)
	req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+w.public+"/orders/events", nil)
	req.Header.Set("Authorization", auth)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	br := bufio.NewReader(res.Body)
	for i := range 3 {
		line, err := br.ReadString('\n')
		if want := fmt.Sprintf("data: %d\n", i); line != want || err != nil {
			t.Fatalf("%q, %v; want %q before the next is sent", line, err, want)
		}
		br.ReadString('\n')
		eventGate <- struct{}{}
	}
}

// Trailers pass, in both directions.
func TestTrailers(t *testing.T) {
	w, auth := newTraffic(t, nil)
	req, _ := http.NewRequestWithContext(t.Context(), "POST", "http://"+w.public+"/orders/trailers", io.MultiReader(strings.NewReader("a"), strings.NewReader("b")))
	req.Header.Set("Authorization", auth)
	req.Trailer = http.Header{"X-In": {"in"}}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if string(body) != "in" || res.Trailer.Get("X-Sum") != "out" {
		t.Errorf("body %q, trailer %v", body, res.Trailer)
	}
}
