package hardship

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A load is what came of the requests of a while.
type load struct {
	rate     float64
	p99      time.Duration
	statuses map[int]int
}

// ask sends one request over a connection and returns the status.
func ask(c net.Conn, r *bufio.Reader, request []byte) (int, error) {
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode, err
}

// traffic sends requests over some connections, each pausing after an answer,
// until done says so, and in full size says now and then how far it is. Every
// connection stays open.
func (w *world) traffic(conns int, pause time.Duration, request func(n int) []byte, done func(n int) bool) load {
	w.t.Helper()
	var mu sync.Mutex
	var times []time.Duration
	l := load{statuses: map[int]int{}}
	next := 0
	var wg sync.WaitGroup
	start := time.Now()
	said := start
	for range conns {
		wg.Go(func() {
			c, err := net.Dial("tcp", w.public)
			if err != nil {
				w.t.Error(err)
				return
			}
			defer c.Close()
			r := bufio.NewReader(c)
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if done(n) {
					return
				}
				began := time.Now()
				status, err := ask(c, r, request(n))
				if err != nil {
					w.t.Errorf("request %d: %v", n, err)
					return
				}
				took := time.Since(began)
				mu.Lock()
				times = append(times, took)
				l.statuses[status]++
				if full && time.Since(said) > 5*time.Second {
					said = time.Now()
					w.t.Logf("%d requests so far", len(times))
				}
				mu.Unlock()
				time.Sleep(pause)
			}
		})
	}
	wg.Wait()
	l.rate = float64(len(times)) / time.Since(start).Seconds()
	if slices.Sort(times); len(times) > 0 {
		l.p99 = times[len(times)*99/100]
	}
	return l
}

// good is the traffic of a customer for a while.
func (w *world) good(conns int, pause, d time.Duration) load {
	w.t.Helper()
	req := get(w.token)
	end := time.Now().Add(d)
	return w.traffic(conns, pause, func(int) []byte { return req }, func(int) bool { return time.Now().After(end) })
}

func get(token string) []byte {
	return fmt.Appendf(nil, "GET /orders/1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n\r\n", token)
}

// only fails the test where there was another status.
func (w *world) only(l load, status int) {
	w.t.Helper()
	if len(l.statuses) != 1 || l.statuses[status] == 0 {
		w.t.Errorf("statuses %v, want %d", l.statuses, status)
	}
}

// metric is the value of one of the gateway's metrics.
func (w *world) metric(name string) float64 {
	w.t.Helper()
	res, err := http.Get("http://" + w.admin + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(b)
	if m == nil {
		w.t.Fatalf("no metric %s", name)
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func askOnce(c net.Conn, request []byte) (int, error) {
	return ask(c, bufio.NewReaderSize(c, 2<<10), request)
}
