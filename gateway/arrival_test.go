package gateway

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An arrivalCase is bytes that a client may send, and how often an upstream is
// to be sent a request for them.
type arrivalCase struct {
	name, bytes string
	partly      bool // how much of it the upstream is sent is a matter of time
}

// arrivalCases are raw requests of every kind: forwarded and refused, with
// bodies of every framing, pipelined, and for the gateway's own endpoints.
func arrivalCases(token string) []arrivalCase {
	auth := "Authorization: Bearer " + token + "\r\n"
	post := func(path, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n%s", path, auth, len(body), body)
	}
	get := "GET /orders?n=1 HTTP/1.1\r\nHost: a\r\n" + auth + "\r\n"
	public := "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
	chunked := "POST /orders HTTP/1.1\r\nHost: a\r\n" + auth + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
	big := strings.Repeat("0123456789abcde\n", 1200) // more than the buffer holds
	login := "id=a&password=b"
	return []arrivalCase{
		{name: "get", bytes: get},
		{name: "head and two gets", bytes: "HEAD" + get[3:] + get + public},
		{name: "body that looks like a head", bytes: post("/orders", "amount=9999\r\n\r\namount=0001")},
		{name: "body of line feeds", bytes: post("/orders", "{\n  \"item\": \"tea\"\n}\n") + get},
		{name: "body that is a request", bytes: post("/orders", public) + public},
		{name: "empty body", bytes: post("/orders", "") + get},
		{name: "body over the buffer", bytes: post("/orders", big) + get},
		{name: "chunks", bytes: chunked + "5\r\nhello\r\n1;a=b\r\n\n\r\n0\r\nX-Sum: 1\r\n\r\n" + get},
		{name: "bad chunks", bytes: chunked + "5\r\nhelloX", partly: true},
		{name: "refused, with a body", bytes: post("/admin", "amount=1") + public},
		{name: "refused, chunked", bytes: strings.Replace(chunked, "/orders", "/admin", 1) + "1\r\na\r\n0\r\n\r\n" + public},
		{name: "no token, with a body", bytes: "POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + public},
		{name: "expect", bytes: "POST /orders HTTP/1.1\r\nHost: a\r\n" + auth + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" + get},
		{name: "bad expect", bytes: "POST /orders HTTP/1.1\r\nHost: a\r\n" + auth + "Expect: x\r\nContent-Length: 3\r\n\r\nabc" + get},
		{name: "identity of the client's own", bytes: "GET /orders HTTP/1.1\r\nHost: a\r\nX-Auth-Roles: admin\r\nx_auth.subject: root\r\n" + auth + "\r\n" + get},
		{name: "absolute form", bytes: "GET http://a/orders HTTP/1.1\r\nHost: a\r\n" + auth + "\r\n"},
		{name: "bare line feed behind a good request", bytes: public + "GET /healthz HTTP/1.1\nHost: a\r\n\r\n" + public},
		{name: "lengths and coding", bytes: "POST /orders HTTP/1.1\r\nHost: a\r\n" + auth + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{name: "trace", bytes: "TRACE /orders HTTP/1.1\r\nHost: a\r\n" + auth + "\r\n"},
		{name: "close", bytes: "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close, keep-alive\r\n\r\n" + public},
		{name: "1.0", bytes: "GET /healthz HTTP/1.0\r\n\r\n"},
		{name: "1.0 kept alive", bytes: "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /admin HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + public},
		{name: "login", bytes: post("/login", login) + get},
		{name: "login, chunked", bytes: "POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x", len(login)) + "\r\n" + login + "\r\n0\r\n\r\n" + public},
		{name: "endpoints behind each other", bytes: "GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\nGET /login HTTP/1.1\r\nHost: a\r\n\r\n" + get + "HEAD /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n" + public},
		{name: "endpoint with the body of another request", bytes: post("/login", "POST /oauth2/introspect HTTP/1.1\r\nHost: a\r\n\r\n") + get},
		{name: "not an endpoint", bytes: post("/oauth2/introspect", "token=x") + get},
		{name: "endpoint, 1.0", bytes: "GET /.well-known/jwks.json HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + public},
		{name: "websocket where there is none", bytes: "GET /whoami HTTP/1.1\r\nHost: a\r\n" + auth + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
	}
}

// An arrival is a way for the bytes of a client to come: in pieces, with pauses
// between them.
type arrival struct {
	name  string
	cuts  []int
	pause time.Duration
}

// What differs between two answers to the same: when they were made, and ids.
var varying = regexp.MustCompile(`(?i)(X-Request-Id: |Date: |traceparent: |"access_token":")[^\r"]*`)

// settle removes what may differ between two readings of the same: also where
// the chunks of a body end.
func settle(s string) string {
	s = varying.ReplaceAllString(unchunk(s), "$1*")
	// Whether a client has to be told to go on depends on whether it has.
	return strings.ReplaceAll(s, "HTTP/1.1 100 Continue\r\n\r\n", "")
}

// unchunk replaces bodies of chunks with their data.
func unchunk(s string) string {
	const mark = "Transfer-Encoding: chunked\r\n"
	for from := 0; ; {
		i := strings.Index(s[from:], mark)
		if i < 0 {
			return s
		}
		from += i + len(mark)
		j := strings.Index(s[from:], "\r\n\r\n")
		if j < 0 {
			return s
		}
		from += j + 4
		var data strings.Builder
		at := from
		for {
			line, _, ok := strings.Cut(s[at:], "\r\n")
			n, err := strconv.ParseInt(line, 16, 32)
			if !ok || err != nil || at+len(line)+2+int(n)+2 > len(s) {
				break // broken off
			}
			at += len(line) + 2
			if n == 0 {
				data.WriteString("(the end)")
				break
			}
			data.WriteString(s[at : at+int(n)])
			at += int(n) + 2
		}
		s = s[:from] + data.String() + s[at:]
		from += data.Len()
	}
}

// exchanged sends pieces on one connection, closes its sending half and returns
// all that comes back.
func exchanged(t *testing.T, address string, secure *tls.Config, data string, a arrival) string {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if secure != nil {
		nc = tls.Client(nc, secure)
	}
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	done := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(nc)
		done <- string(all)
	}()
	from := 0
	for _, cut := range append(slices.Clone(a.cuts), len(data)) {
		if _, err := io.WriteString(nc, data[from:cut]); err != nil {
			break // refused, and closed
		}
		from = cut
		if a.pause > 0 {
			time.Sleep(a.pause)
		}
	}
	return <-done
}

// inAnyOrder sorts what an upstream was sent: requests behind each other may go
// to different connections.
func inAnyOrder(sent string) string {
	parts := strings.SplitAfter(sent, "\r\n\r\n")
	slices.Sort(parts)
	return strings.Join(parts, "")
}

// difference shows where got and want part.
func difference(got, want string) string {
	n := 0
	for n < len(got) && n < len(want) && got[n] == want[n] {
		n++
	}
	near := func(s string) string { return s[max(0, min(n, len(s))-80):min(n+80, len(s))] }
	return fmt.Sprintf("at byte %d\n%q\nwant\n%q", n, near(got), near(want))
}

// everyByte cuts between all bytes.
func everyByte(data string) arrival {
	a := arrival{name: "byte by byte"}
	for i := 1; i < len(data); i++ {
		a.cuts = append(a.cuts, i)
	}
	return a
}

// Whatever a client sends, the answers and the bytes that the upstream is sent
// are the same in every way of arriving. The last request of each case asks for
// the connection to be closed, which ends the reading.
func TestArrival(t *testing.T) {
	plain := newWorld(t, ModeJWT, nil)
	cert, key, pool := pair(t, t.TempDir(), 1)
	secure := newWorld(t, ModeJWT, func(c *Config) { c.TLS = ServerTLS{CertFile: cert, KeyFile: key} })
	for _, w := range []*world{plain, secure} {
		var config *tls.Config
		kind := "plain"
		if w == secure {
			config, kind = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}, "tls"
		}
		token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
		for _, c := range arrivalCases(token) {
			t.Run(kind+"/"+c.name, func(t *testing.T) {
				last := "GET /healthz?last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
				data := c.bytes + last
				f := func(a arrival) (answers, sent string) {
					w.upstream.forget()
					answers = settle(exchanged(t, w.public, config, data, a))
					return answers, inAnyOrder(settle(w.upstream.sent()))
				}
				wantAnswers, wantSent := f(arrival{name: "whole"})
				if !strings.HasPrefix(wantAnswers, "HTTP/1.1 ") {
					t.Fatalf("the answer to the whole is %q", wantAnswers)
				}
				ways := []arrival{everyByte(data), {name: "head and body apart", cuts: []int{strings.Index(data, "\r\n\r\n") + 4}, pause: 2 * time.Millisecond}}
				step := 1
				if n := len(data); n > 400 || testing.Short() || w == secure {
					step = max(n/12, 1) // with TOLLGATE_ARRIVAL=all every cut of every case: `make arrival`
				}
				if os.Getenv("TOLLGATE_ARRIVAL") == "all" {
					step = 1
				}
				for cut := 1; cut < len(data); cut += step {
					ways = append(ways, arrival{name: fmt.Sprintf("cut at %d", cut), cuts: []int{cut}, pause: 300 * time.Microsecond})
				}
				for _, a := range ways {
					answers, sent := f(a)
					if answers != wantAnswers {
						t.Errorf("%s: the answers are not those to the whole: %s", a.name, difference(answers, wantAnswers))
					}
					if sent != wantSent && !c.partly {
						t.Errorf("%s: the upstream was not sent the same: %s", a.name, difference(sent, wantSent))
					}
				}
			})
		}
	}
}

// The end of what a client sends may be missing: half a request is answered 408
// at most, and nothing of it is forwarded.
func TestArrivalOfHalf(t *testing.T) {
	w := newWorld(t, ModeJWT, func(c *Config) { c.Timeouts.Head, c.Timeouts.Body = 200*time.Millisecond, 200*time.Millisecond })
	token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	request := fmt.Sprintf("POST /orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Length: 8\r\n\r\namount=1", token)
	for _, n := range []int{1, 10, len(request) / 2, len(request) - 9, len(request) - 8, len(request) - 1} {
		w.upstream.forget()
		res := w.raw(request[:n])
		if res.StatusCode != http.StatusRequestTimeout || !res.Close {
			t.Errorf("%d of %d bytes: %d, close %v; want 408 and a closed connection", n, len(request), res.StatusCode, res.Close)
		}
		if sent := w.upstream.sent(); sent != "" {
			t.Errorf("%d of %d bytes: the upstream was sent %q", n, len(request), sent)
		}
	}
}

// The answers of an upstream are the same for the client however they arrive.
func TestArrivalOfAnswers(t *testing.T) {
	ln := listen(t)
	defer ln.Close()
	answers := []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na\r\n\r\nb\r\n\r\n"[:len("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")+9],
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nup to the end",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\nX: y\r\n\r\nhello",
	}
	type way struct {
		answer string
		cut    int
	}
	next := make(chan way, 1)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				a := <-next
				if a.cut < 0 {
					for i := range len(a.answer) {
						io.WriteString(c, a.answer[i:i+1])
					}
					return
				}
				io.WriteString(c, a.answer[:a.cut])
				time.Sleep(time.Millisecond)
				io.WriteString(c, a.answer[a.cut:])
			}()
		}
	}()
	w := newWorld(t, ModeJWT, func(c *Config) {
		for i := range c.Routes {
			c.Routes[i].Upstream = "http://" + ln.Addr().String()
		}
	})
	request := "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	for _, answer := range answers {
		whole := ""
		for cut := -1; cut < len(answer); cut++ {
			at := cut
			if cut == 0 {
				at = len(answer)
			}
			next <- way{answer, at}
			got := settle(exchanged(t, w.public, nil, request, arrival{}))
			if whole == "" {
				whole = got
			}
			if got != whole || !strings.HasPrefix(got, "HTTP/1.1 ") {
				t.Errorf("%q cut at %d: the client got\n%q\nwant\n%q", answer, at, got, whole)
			}
		}
	}
}

// FuzzArrival draws requests and where they are cut: the answers are those to
// the whole.
func FuzzArrival(f *testing.F) {
	w := newWorld(f, ModeJWT, nil)
	for _, c := range arrivalCases("TOKEN") {
		f.Add([]byte(c.bytes), uint16(len(c.bytes)/3), uint16(len(c.bytes)/2))
	}
	token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	f.Fuzz(func(t *testing.T, in []byte, first, second uint16) {
		if len(in) > 4<<10 {
			t.Skip()
		}
		data := strings.ReplaceAll(string(in), "TOKEN", token) + "GET /healthz?last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
		if strings.Contains(strings.ToLower(data), "chunked") || strings.Contains(strings.ToLower(data), "websocket") {
			t.Skip() // how much is forwarded of chunks that break off is a matter of time
		}
		cuts := []int{int(first) % len(data), int(second) % len(data)}
		slices.Sort(cuts)
		whole := exchangedWithin(t, w.public, data, arrival{})
		cut := exchangedWithin(t, w.public, data, arrival{cuts: cuts, pause: 200 * time.Microsecond})
		if whole != cut {
			t.Errorf("%q cut at %v: %s", data, cuts, difference(cut, whole))
		}
	})
}

// exchangedWithin is exchanged for what may be half a request: what is not
// answered soon is not waited for.
func exchangedWithin(t *testing.T, address, data string, a arrival) string {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(300 * time.Millisecond))
	done := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(nc)
		done <- string(all)
	}()
	from := 0
	for _, cut := range append(slices.Clone(a.cuts), len(data)) {
		if _, err := io.WriteString(nc, data[from:cut]); err != nil {
			break
		}
		from = cut
		time.Sleep(a.pause)
	}
	return settle(<-done)
}

// A client that is too slow with a head or a small body is told so once, and its
// connection is closed.
func TestSlowRequestIsClosed(t *testing.T) {
	w := newWorld(t, ModeJWT, func(c *Config) {
		c.Timeouts.Head, c.Timeouts.Body = 300*time.Millisecond, 300*time.Millisecond
	})
	token := w.service.token(ModeJWT, w.service.claims("customer-1", "customer"))
	for what, request := range map[string]string{
		"half a head": "GET /orders HTTP/1.1\r\nHost: a\r\n",
		"half a body": "POST /orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 1000\r\n\r\nx",
	} {
		for _, drips := range []bool{false, true} {
			nc, err := net.Dial("tcp", w.public)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			begin := time.Now()
			nc.SetDeadline(begin.Add(5 * time.Second))
			io.WriteString(nc, request)
			if drips {
				go func() {
					for {
						if _, err := nc.Write([]byte("x")); err != nil {
							return
						}
						time.Sleep(50 * time.Millisecond)
					}
				}()
			}
			answer, err := io.ReadAll(nc) // a reset after the answer is an end as well
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("%s, dripping %v: open after %v (%v)", what, drips, took, err)
			}
			if n := strings.Count(string(answer), "HTTP/1.1 408 "); n != 1 {
				t.Errorf("%s, dripping %v: %d answers with 408, want one: %q", what, drips, n, answer)
			}
		}
	}
}
