package generator

import (
	"testing"
	"time"
)

func TestGet(t *testing.T) {
	f := func(tokens [][]byte, want string) {
		t.Helper()
		g, err := Get("h:1", "/p?q", tokens, InTurn(0))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(g.AppendNext([]byte("-"))); got != "-"+want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(nil, "GET /p?q HTTP/1.1\r\nHost: h:1\r\n\r\n")
	f([][]byte{[]byte("tok")}, "GET /p?q HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer tok\r\n\r\n")
	for _, path := range []string{"", "p", "/a b", "/a\r\nX: y"} {
		if _, err := Get("h", path, nil, nil); err == nil {
			t.Errorf("path %q was taken", path)
		}
	}
}

// Sending costs no memory.
func TestAppendNextAllocates(t *testing.T) {
	g, err := Get("h", "/", [][]byte{[]byte("a"), []byte("b")}, Uniform(1))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 0, 512)
	if n := testing.AllocsPerRun(100, func() { g.AppendNext(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

// HotAndCold holds its ratio, and no cold token returns before all others have.
func TestHotAndCold(t *testing.T) {
	const hot, n, ratio = 10, 1010, 0.9
	pick := HotAndCold(hot, ratio, 1)
	hits, next := 0, hot
	for range 100_000 {
		i := pick(n)
		if i < hot {
			hits++
			continue
		}
		if i != next {
			t.Fatalf("cold token %d, want %d", i, next)
		}
		if next++; next == n {
			next = hot
		}
	}
	if hits < 89_500 || hits > 90_500 {
		t.Errorf("%d of 100,000 picks were hot, want 90,000", hits)
	}
}

func TestLiveQuantile(t *testing.T) {
	var l Live
	for i := range 1000 {
		l.record(time.Duration(i+1) * time.Microsecond)
	}
	for _, q := range []float64{0.1, 0.5, 0.99} {
		want := time.Duration(q*1000) * time.Microsecond
		if got := l.Quantile(q); got < want || got > want*114/100 {
			t.Errorf("quantile %v is %v, want %v or up to 13 %% more", q, got, want)
		}
	}
	l.record(0)
	l.record(1<<62 - 1)
	if l.Quantile(1) != 0 || l.OK() != 1002 {
		t.Errorf("beyond the last: %v, count %d", l.Quantile(1), l.OK())
	}
}

func TestTarget(t *testing.T) {
	f := func(raw, address, host, path string, tls bool) {
		t.Helper()
		a, h, p, conf, err := Target(raw)
		if err != nil || a != address || h != host || p != path || (conf != nil) != tls {
			t.Errorf("%s: %q %q %q %v %v", raw, a, h, p, conf != nil, err)
		}
	}
	f("http://x/a?b=c", "x:80", "x", "/a?b=c", false)
	f("https://x", "x:443", "x", "/", true)
	f("http://[::1]:8080/", "[::1]:8080", "[::1]:8080", "/", false)
	for _, raw := range []string{"x", "ftp://x/", "http:///p", "http://u:p@x/"} {
		if _, _, _, _, err := Target(raw); err == nil {
			t.Errorf("%q was taken", raw)
		}
	}
}
