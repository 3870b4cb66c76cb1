package speed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect"
	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
)

const serveVariable = "TOLLGATE_SPEED_DATA" // set in the servers' process alone

// TestMain is the servers where it is told to be.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "hash" {
		if err := account.Work(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if dir := os.Getenv(serveVariable); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// ready is what the servers' process says when it serves.
type ready struct {
	Service   string // address of the security service
	Reference string // address of a handler that answers Answer
	CPU       string // address that answers with the process's processor time in ns, and its largest memory in KiB
	Secret    string // of the client gateway
	Token     string // to introspect
}

var many = introspect.LimitConfig{Burst: 100_000, Every: time.Millisecond}

const password = "correct horse battery staple"

func config(dir, format string) introspect.Config {
	return introspect.Config{
		Data: dir, Issuer: "https://as.example", Audience: []string{"orders"},
		Tokens: introspect.TokensConfig{Format: format, AccessTTL: time.Hour},
		// One person logs in from one address, as often as the processors allow.
		Login: introspect.LoginConfig{PerPair: many, PerAddress: many, PerID: many},
	}
}

func serve(dir string) error {
	svc, err := introspect.New(config(dir, introspect.FormatOpaque), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if err := svc.HashWith(os.Args[0], "hash"); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, secret, err := svc.Admin().AddClient(ctx, admin.NewClient{ID: "gateway", Service: true, Roles: []string{"auditor"}, Scopes: []string{"read", "write"}})
	if err != nil {
		return err
	}
	if _, err := svc.Admin().AddUser(ctx, admin.NewUser{ID: "alice", Password: []byte(password)}); err != nil {
		return err
	}
	listeners := make([]net.Listener, 4)
	for i := range listeners {
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	served := make(chan error, 1)
	go func() { served <- svc.Serve(ctx, listeners[0], listeners[1]) }()
	r := ready{Service: listeners[0].Addr().String(), Reference: listeners[2].Addr().String(), CPU: listeners[3].Addr().String(), Secret: secret}
	if r.Token, err = issue(r.Service, secret); err != nil {
		return err
	}
	_, answer, err := exchange(r.Service, introspection(secret, r.Token))
	if err != nil {
		return err
	}
	go fasthttp.Serve(listeners[2], reference(answer))
	go fasthttp.Serve(listeners[3], func(ctx *fasthttp.RequestCtx) { fmt.Fprintln(ctx, processorTime(), largestMemory()) })
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return err
	}
	io.Copy(io.Discard, os.Stdin)
	cancel()
	return errors.Join(<-served, svc.Close())
}

// reference answers as the service does, and does nothing else.
func reference(answer []byte) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		ctx.SetContentType("application/json")
		ctx.Response.Header.Set("Cache-Control", "no-store")
		ctx.Response.Header.Set("Pragma", "no-cache")
		ctx.SetBody(answer)
	}
}

func processorTime() int64 {
	u := usage()
	return u.Utime.Nano() + u.Stime.Nano()
}

func largestMemory() int64 { return usage().Maxrss }

func usage() (u syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u
}

// request is a POST of a form by the client gateway.
func request(path, secret, form string) []byte {
	basic := base64.StdEncoding.EncodeToString([]byte("gateway:" + secret))
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: as.example\r\nAuthorization: Basic %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", path, basic, len(form), form)
}

func introspection(secret, token string) []byte {
	return request("/oauth2/introspect", secret, "token="+token)
}

func issue(address, secret string) (string, error) {
	_, body, err := exchange(address, request("/oauth2/token", secret, "grant_type=client_credentials"))
	if err != nil {
		return "", err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	err = json.Unmarshal(body, &answer)
	return answer.Token, err
}

// exchange sends one request on a connection of its own.
func exchange(address string, req []byte) (status int, body []byte, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return 0, nil, err
	}
	defer c.Close()
	if _, err := c.Write(req); err != nil {
		return 0, nil, err
	}
	var resp fasthttp.Response
	err = resp.Read(bufio.NewReader(c))
	return resp.StatusCode(), slices.Clone(resp.Body()), err
}

// load sends the request n times on each of many connections, one after the
// other, and checks every answer's status.
func load(address string, req []byte, connections, n int) error {
	errs := make([]error, connections)
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() { errs[i] = repeat(address, req, n) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func repeat(address string, req []byte, n int) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 4096)
	for range n {
		if _, err := c.Write(req); err != nil {
			return err
		}
		if err := skipAnswer(in); err != nil {
			return err
		}
	}
	return nil
}

// skipAnswer reads an answer of status 200 at little cost: the load comes from
// the processors of those who are measured.
func skipAnswer(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answer begins with %q", status)
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("answer has no Content-Length")
	}
	_, err = in.Discard(length)
	return err
}

// servers starts the servers' process.
func servers(b *testing.B) ready {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+b.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	var r ready
	if err := json.NewDecoder(out).Decode(&r); err != nil {
		b.Fatal(err)
	}
	return r
}

func (r ready) cpu(b *testing.B) (ns int64) {
	b.Helper()
	ns, _ = r.usage(b)
	return ns
}

// usage is the processor time so far in ns and the largest memory in KiB.
func (r ready) usage(b *testing.B) (ns, memory int64) {
	b.Helper()
	_, body, err := exchange(r.CPU, []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Sscan(string(body), &ns, &memory); err != nil {
		b.Fatal(err)
	}
	return ns, memory
}

// BenchmarkIntrospection reports the processor time of an introspection and
// of the reference, and their ratio, as medians over the rounds.
func BenchmarkIntrospection(b *testing.B) {
	const rounds, connections, each = 15, 32, 300
	r := servers(b)
	req := introspection(r.Secret, r.Token)
	if _, body, err := exchange(r.Service, req); err != nil || !strings.HasPrefix(string(body), `{"active":true`) {
		b.Fatalf("%s %v", body, err)
	}
	measure := func(address string) float64 {
		before := r.cpu(b)
		if err := load(address, req, connections, each); err != nil {
			b.Fatal(err)
		}
		return float64(r.cpu(b)-before) / (connections * each)
	}
	var service, reference, ratio []float64
	for b.Loop() {
		for n := range rounds {
			// The order alternates, and the first round warms both up.
			var s, p float64
			if n%2 == 0 {
				s, p = measure(r.Service), measure(r.Reference)
			} else {
				p, s = measure(r.Reference), measure(r.Service)
			}
			if n > 0 {
				service, reference, ratio = append(service, s), append(reference, p), append(ratio, s/p)
			}
		}
	}
	b.ReportMetric(median(service), "cpu-ns/introspection")
	b.ReportMetric(median(reference), "cpu-ns/reference")
	b.ReportMetric(median(ratio), "ratio")
	b.ReportMetric(slices.Min(ratio), "least-ratio")
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
