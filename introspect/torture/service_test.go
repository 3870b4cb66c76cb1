package torture

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/introspect"
	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
)

const (
	serveVariable = "TOLLGATE_TORTURE_DATA" // set in the service's process alone
	password      = "a password for the torture"
)

// TestMain is the service where it is told to be.
func TestMain(m *testing.M) {
	if dir := os.Getenv(serveVariable); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func config(dir string) introspect.Config {
	return introspect.Config{
		Data: dir, Issuer: "https://as.example", Audience: []string{"orders"},
		Store:  introspect.StoreConfig{SweepEvery: 200 * time.Millisecond},
		Tokens: introspect.TokensConfig{Format: introspect.FormatOpaque, AccessTTL: time.Hour, RefreshGrace: new(time.Duration)},
		Login: introspect.LoginConfig{
			Hash: account.Params{MemoryKiB: 8 << 10, Time: 1, Parallel: 1}, Queue: 1000,
			PerPair: introspect.LimitConfig{Burst: 100_000}, PerAddress: introspect.LimitConfig{Burst: 100_000},
		},
	}
}

// place tells where the service listens.
type place struct{ Public, Admin string }

// serve serves on free ports, says which, and ends when its standard input
// does, should the test die first.
func serve(dir string) error {
	svc, err := introspect.New(config(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	adminListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	err = json.NewEncoder(os.Stdout).Encode(place{public.Addr().String(), adminListener.Addr().String()})
	if err != nil {
		return err
	}
	return errors.Join(svc.Serve(ctx, public, adminListener), svc.Close())
}

// server is the service's process, one after another on the same folder.
type server struct {
	dir     string
	secret  string // of the service client called gateway
	cmd     *exec.Cmd
	hold    io.Closer // its standard input
	url     atomic.Pointer[string]
	slowest time.Duration // from the start of a process to its readiness
}

// newServer makes the accounts.
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{dir: t.TempDir()}
	ops, err := introspect.OpenAdmin(t.Context(), config(s.dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer ops.Close()
	s.makeAccounts(t, ops)
	t.Cleanup(func() {
		if s.cmd != nil {
			s.kill()
		}
	})
	return s
}

func (s *server) makeAccounts(t *testing.T, ops admin.Admin) {
	t.Helper()
	if _, err := ops.AddUser(t.Context(), admin.NewUser{ID: "alice", Password: []byte(password)}); err != nil {
		t.Fatal(err)
	}
	var err error
	if _, s.secret, err = ops.AddClient(t.Context(), admin.NewClient{ID: "gateway", Service: true}); err != nil {
		t.Fatal(err)
	}
}

// start starts the process and waits until it is ready.
func (s *server) start(t *testing.T) {
	t.Helper()
	begin := time.Now()
	s.cmd = exec.Command(os.Args[0])
	s.cmd.Env = append(os.Environ(), serveVariable+"="+s.dir)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.hold = in
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var at place
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err != nil {
		t.Fatalf("the service did not start: %v", err)
	}
	for {
		resp, err := http.Get("http://" + at.Admin + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("the service is not ready: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.slowest = max(s.slowest, time.Since(begin))
	public := "http://" + at.Public
	s.url.Store(&public)
}

// kill ends the process with SIGKILL.
func (s *server) kill() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
	s.hold.Close()
}

// errUnknown: there was no answer, so nobody knows what was done.
var errUnknown = errors.New("no answer")

// post sends a form and returns the status and the answer's members.
func (s *server) post(c *http.Client, path string, form url.Values) (int, map[string]any, error) {
	req, err := http.NewRequest("POST", *s.url.Load()+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if path != "/login" {
		req.SetBasicAuth("gateway", s.secret)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, nil, errUnknown
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, errUnknown
	}
	var members map[string]any
	if len(text) > 0 && json.Unmarshal(text, &members) != nil {
		return 0, nil, fmt.Errorf("%s is answered %d %q", path, resp.StatusCode, text)
	}
	return resp.StatusCode, members, nil
}
