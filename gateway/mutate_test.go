package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A judge is an upstream that holds every request it is sent against what the
// gateway has promised of it.
type judge struct {
	t    *testing.T
	ln   net.Listener
	seen atomic.Int64
}

func newJudge(t *testing.T) *judge {
	j := &judge{t: t, ln: listen(t)}
	t.Cleanup(func() { j.ln.Close() })
	go func() {
		for {
			c, err := j.ln.Accept()
			if err != nil {
				return
			}
			go j.serve(c)
		}
	}()
	return j
}

func (j *judge) serve(c net.Conn) {
	defer c.Close()
	var raw bytes.Buffer
	br := bufio.NewReader(io.TeeReader(c, &raw))
	for {
		before := raw.Len() - br.Buffered()
		req, err := http.ReadRequest(br)
		if err != nil {
			// The gateway may hang up, but never say half a head.
			if err != io.EOF && raw.Len()-before > 0 && raw.Len() < 60<<10 {
				j.t.Errorf("not a request (%v):\n%q", err, raw.Bytes()[before:])
			}
			return
		}
		head := raw.Bytes()[before : raw.Len()-br.Buffered()]
		j.seen.Add(1)
		if why := j.wrong(req, head); why != "" {
			j.t.Errorf("%s:\n%q", why, head)
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			if err != io.ErrUnexpectedEOF && !strings.Contains(err.Error(), "connection reset") {
				j.t.Errorf("body (%v):\n%q", err, raw.Bytes()[before:])
			}
			return
		}
		for name := range req.Trailer {
			if n := strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name)); strings.HasPrefix(n, "x-auth-") {
				j.t.Errorf("trailer %q", name)
			}
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}
}

// wrong says what is wrong with a request that was forwarded.
func (j *judge) wrong(r *http.Request, head []byte) string {
	one := func(name, value string) bool {
		v := r.Header.Values(name)
		return len(v) == 1 && (value == "" || v[0] == value)
	}
	switch {
	case !one("X-Auth-Gateway", "it-is-me"):
		return "smuggled"
	case !strings.HasPrefix(r.URL.Path, "/orders"):
		return "another path"
	case !one("X-Auth-Subject", "customer-1") || !one("X-Auth-Roles", "customer") || !one("X-Auth-Client", "first-party"):
		return "another identity"
	case !one("Authorization", "") || !one("X-Request-Id", "") || !one("X-Forwarded-For", "127.0.0.1"):
		return "not one of each"
	case len(r.TransferEncoding) > 0 && r.Header.Get("Content-Length") != "":
		return "two lengths"
	}
	end := bytes.Index(head, []byte("\r\n\r\n"))
	if end < 0 {
		return "no end of the head"
	}
	names := map[string]int{}
	for i, line := range strings.Split(string(head[:end]), "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") {
			return "a control byte in a line"
		}
		if i == 0 {
			continue
		}
		name, _, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.Trim(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return "an illegal field name"
		}
		names[strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name))]++
	}
	for _, n := range []string{
		"host", "content-length", "transfer-encoding", "authorization", "x-auth-subject", "x-auth-roles", "x-auth-scopes",
		"x-auth-client", "x-auth-token-id", "x-auth-gateway", "x-request-id", "x-forwarded-for", "forwarded", "traceparent",
	} {
		if names[n] > 1 {
			return "two fields that fold to " + n
		}
	}
	for _, n := range []string{"x-api-key", "connection", "keep-alive", "proxy-connection", "upgrade", "expect"} {
		if names[n] > 0 {
			return "a field that concerns one hop: " + n
		}
	}
	return ""
}

// A mutator makes requests that are nearly right.
type mutator struct {
	r     *rand.Rand
	token string
}

func (m *mutator) bases() []string {
	auth := "Authorization: Bearer " + m.token + "\r\n"
	smuggled := "GET /admin/smuggled HTTP/1.1\r\nHost: h\r\nX-Auth-Subject: admin-1\r\n\r\n"
	return []string{
		"GET /orders/1?a=b HTTP/1.1\r\nHost: h\r\n" + auth + "Accept: */*\r\n\r\n",
		"POST /orders HTTP/1.1\r\nHost: h\r\n" + auth + "Content-Length: 5\r\n\r\nhello",
		"POST /orders HTTP/1.1\r\nHost: h\r\n" + auth + "Content-Length: " + strconv.Itoa(len(smuggled)) + "\r\n\r\n" + smuggled,
		"POST /orders HTTP/1.1\r\nHost: h\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + smuggled,
		"POST /orders HTTP/1.1\r\nHost: h\r\n" + auth + "Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n",
		"POST /orders HTTP/1.1\r\nHost: h\r\n" + auth + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
		"GET /orders HTTP/1.1\r\nHost: h\r\n" + auth + "Connection: keep-alive, X-A\r\nX-A: b\r\n\r\nGET /orders/2 HTTP/1.1\r\nHost: h\r\n" + auth + "\r\n",
		"PUT /orders HTTP/1.0\r\n" + auth + "Content-Length: 3\r\nConnection: keep-alive\r\n\r\nabc" + smuggled,
	}
}

var fragments = []string{
	"\r", "\n", "\r\n", "\x00", "\t", " ", ":", ",", ";", "_", ".", "-", "\x0b", "\x7f", "\x80", "\r\n ", "\r\n\r\n", "0", "f", "%2f", "%2e%2e", "../", "//", "\\",
	"Transfer-Encoding: chunked\r\n", "transfer_encoding: chunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding:\tchunked\r\n", "TE: trailers\r\n",
	"Content-Length: 5\r\n", "Content-Length: 0\r\n", "content.length: 9\r\n", "Content-Length: 5, 5\r\n", "Content-Length: +5\r\n", "Content-Length: 0x5\r\n",
	"Connection: X-Auth-Subject\r\n", "Connection: close, authorization\r\n", "Connection: content-length\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n",
	"Trailer: X-Auth-Subject\r\n", "X-Auth-Subject: admin-1\r\n", "x_auth_subject: admin-1\r\n", "X.Auth-Roles: admin\r\n", "X-Auth Roles: admin\r\n", "X-Auth-Roles : admin\r\n",
	"X-Forwarded-For: 6.6.6.6\r\n", "X_Forwarded_For: 6.6.6.6\r\n", "X-Request-Id: x\r\n", "X-API-Key: k\r\n", "Host: other\r\n", "Expect: 100-continue\r\n", " HTTP/1.1\r\n", "0\r\n\r\n", "GET /admin HTTP/1.1\r\nHost: h\r\n\r\n",
}

// next is a base with a few things done to it.
func (m *mutator) next() []byte {
	bases := m.bases()
	b := []byte(bases[m.r.IntN(len(bases))])
	for range 1 + m.r.IntN(2) {
		at := m.r.IntN(len(b) + 1)
		switch m.r.IntN(9) {
		case 0: // a fragment anywhere
			b = insert(b, at, fragments[m.r.IntN(len(fragments))])
		case 1, 2: // a fragment where a line begins
			if i := bytes.Index(b[at:], []byte("\r\n")); i >= 0 {
				at += i + 2
			}
			b = insert(b, at, fragments[m.r.IntN(len(fragments))])
		case 3: // a byte gone
			if at < len(b) {
				b = append(b[:at:at], b[at+1:]...)
			}
		case 4: // a byte changed
			if at < len(b) {
				b[at] = byte(m.r.IntN(256))
			}
		case 5: // one bit
			if at < len(b) {
				b[at] ^= 1 << m.r.IntN(8)
			}
		case 6: // a line twice
			lines := bytes.SplitAfter(b, []byte("\r\n"))
			l := lines[m.r.IntN(len(lines))]
			b = insert(b, m.lineStart(b), string(l))
		case 7: // a piece moved
			if n := m.r.IntN(30); at+n <= len(b) {
				piece := string(b[at : at+n])
				b = append(b[:at:at], b[at+n:]...)
				b = insert(b, m.r.IntN(len(b)+1), piece)
			}
		case 8: // CRLF to LF
			b = bytes.Replace(b, []byte("\r\n"), []byte("\n"), m.r.IntN(2)+1)
		}
	}
	return b
}

func (m *mutator) lineStart(b []byte) int {
	if i := bytes.Index(b[m.r.IntN(len(b)):], []byte("\r\n")); i >= 0 {
		return i + 2
	}
	return 0
}

func insert(b []byte, at int, s string) []byte {
	return append(append(b[:at:at], s...), b[at:]...)
}

// Requests that are nearly right, to an upstream that judges what it gets. Run
// by hand with TOLLGATE_MUTATIONS=100000.
func TestMutatedRequests(t *testing.T) {
	total := 2000
	if s := os.Getenv("TOLLGATE_MUTATIONS"); s != "" {
		var err error
		if total, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	j := newJudge(t)
	w := newWorld(t, ModeJWT, func(c *Config) {
		for i := range c.Routes {
			c.Routes[i].Upstream = "http://" + j.ln.Addr().String()
		}
		c.Timeouts.Head, c.Timeouts.Body = time.Second, time.Second
	})
	token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	const workers = 8
	var answered atomic.Int64
	var wg sync.WaitGroup
	for n := range workers {
		wg.Go(func() {
			m := &mutator{rand.New(rand.NewPCG(uint64(n), 2)), token}
			for range total / workers {
				request := m.next()
				if ok, err := exchangeRaw(w.public, request); err != nil {
					t.Errorf("%q: %v", request, err)
				} else if ok {
					answered.Add(1)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d mutated requests, %d reached the upstream, %d answered 200", total, j.seen.Load(), answered.Load())
	if j.seen.Load() < int64(total/20) || answered.Load() == 0 {
		t.Error("too few requests got through to prove anything")
	}
	if res := w.do("GET", "/orders", "Authorization", "Bearer "+token); res.StatusCode != 200 {
		t.Errorf("afterwards: %d", res.StatusCode)
	}
}

// exchangeRaw sends a request, closes its half and reads answers to the end,
// each of which has to be one.
func exchangeRaw(addr string, request []byte) (ok bool, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Write(request); err != nil {
		return false, nil // refused already
	}
	c.(*net.TCPConn).CloseWrite()
	br := bufio.NewReader(c)
	for n := 0; ; n++ {
		if _, err := br.Peek(1); err != nil {
			return ok, nil
		}
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			if ne, is := err.(net.Error); is && ne.Timeout() {
				return false, fmt.Errorf("answer %d: %w", n, err)
			}
			return ok, nil // a reset after an answer that was not read in time
		}
		ok = ok || res.StatusCode == 200
		if res.StatusCode >= 500 && res.StatusCode != 502 {
			return false, fmt.Errorf("status %d", res.StatusCode)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return ok, nil
		}
	}
}
