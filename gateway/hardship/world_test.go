package hardship

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/freeport"
)

// full says that the sizes are those of "make hardship".
var full = os.Getenv("TOLLGATE_HARDSHIP") == "full"

func size(small, large int) int {
	if full {
		return large
	}
	return small
}

var (
	program string // the built cmd/tollgate
	figures []string
)

// figure is a line of the table at the end.
func figure(t *testing.T, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	figures = append(figures, fmt.Sprintf("%-18s %s", strings.TrimPrefix(t.Name(), "Test"), line))
}

func TestMain(m *testing.M) {
	if name := os.Getenv(roleEnv); name != "" {
		if err := beRole(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	dir, err := os.MkdirTemp("", "hardship-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program = filepath.Join(dir, "tollgate")
	build := exec.Command("go", "build", "-o", program, "github.com/tollgate/tollgate/cmd/tollgate")
	build.Stderr = os.Stderr
	code := 1
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "go build:", err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	if full {
		fmt.Printf("\n%s\n", strings.Join(figures, "\n"))
	}
	os.Exit(code)
}

// A world is a gateway between a security service and an upstream.
type world struct {
	t                      *testing.T
	dir, public, admin     string
	service                string
	gatewayPID, servicePID int
	token                  string
}

const password = "correct horse battery staple"

func newWorld(t *testing.T, mode, keys string) *world {
	t.Helper()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if full && files.Max < 15000 {
		t.Skipf("no more than %d open files are allowed", files.Max)
	}
	files.Cur = files.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Skipf("open files: %v", err)
	}
	up, besieged := startUpstream(t, "upstream"), startUpstream(t, "besieged upstream")
	w := &world{t: t, dir: t.TempDir(), public: port(t), admin: port(t), service: port(t)}
	format := "opaque"
	if mode == "jwt" {
		format = "jwt"
	}
	w.write("introspect.yaml", fmt.Sprintf("listen: %s\nadmin: %s\ndata: %s\nissuer: http://%s\naudience: [orders]\ntokens: {format: %s}\n",
		w.service, port(t), filepath.Join(w.dir, "data"), w.public, format))
	w.run(password, "user", "add", "customer-1", "--role", "customer", "--config", "introspect.yaml")
	w.write("gateway.secret", w.run("", "client", "add", "gateway", "--service", "--config", "introspect.yaml"))
	if !strings.Contains(keys, "timeouts:") {
		keys += "timeouts: {grace: 1ms}\n"
	}
	w.write("gateway.yaml", fmt.Sprintf(`listen: %s
admin: %s
mode: %s
issuer: http://%s
audience: orders
security_service: {url: "http://%s", client_id: gateway, client_secret: {file: gateway.secret}}
routes:
  - {prefix: /orders, upstream: %q, roles: [customer]}
  - {prefix: /besieged, upstream: %q, roles: [customer]}
%s`, w.public, w.admin, mode, w.public, w.service, "http://"+up, "http://"+besieged, keys))
	w.servicePID = w.start("introspect", "--config", "introspect.yaml")
	w.gatewayPID = w.start("gateway", "--config", "gateway.yaml")
	w.eventually("ready", 30*time.Second, func() bool {
		res, err := http.Get("http://" + w.admin + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == 200
	})
	var answer struct {
		Token string `json:"access_token"`
	}
	w.eventually("logged in", 30*time.Second, func() bool {
		res, err := http.PostForm("http://"+w.public+"/login", url.Values{"id": {"customer-1"}, "password": {password}})
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == 200 && json.NewDecoder(res.Body).Decode(&answer) == nil
	})
	w.token = answer.Token
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) run(input string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdin = w.dir, strings.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("tollgate %s: %v", args[0], err)
	}
	return string(out)
}

// start runs a part until the test ends.
func (w *world) start(args ...string) int {
	w.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = w.dir
	log, err := os.Create(filepath.Join(w.dir, args[0]+".log"))
	if err != nil {
		w.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Signal(syscall.SIGTERM)
		force := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		force.Stop()
		log.Close()
		if w.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			w.t.Logf("%s: %.2000s", args[0], text)
		}
	})
	return cmd.Process.Pid
}

// stopService returns when the security service has stopped: kill returns sooner,
// and an answer or two may still come.
func (w *world) stopService() {
	w.t.Helper()
	if err := syscall.Kill(w.servicePID, syscall.SIGSTOP); err != nil {
		w.t.Fatal(err)
	}
	var status syscall.WaitStatus
	for !status.Stopped() {
		if _, err := syscall.Wait4(w.servicePID, &status, syscall.WUNTRACED, nil); err != nil && err != syscall.EINTR {
			w.t.Fatalf("waiting for the service to stop: %v", err)
		}
		if status.Exited() || status.Signaled() {
			w.t.Fatalf("the service has ended: %v", status)
		}
	}
}

func (w *world) resumeService() {
	w.t.Helper()
	if err := syscall.Kill(w.servicePID, syscall.SIGCONT); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) eventually(what string, within time.Duration, ok func() bool) time.Duration {
	w.t.Helper()
	start := time.Now()
	for !ok() {
		if time.Since(start) > within {
			w.t.Fatalf("not %s in %v", what, within)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(start)
}

func port(t *testing.T) string {
	addr, err := freeport.Pick()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// resident is the memory of a process in bytes.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		t.Skipf("memory of a process: %v", err)
	}
	var all, pages int64
	fmt.Sscan(string(b), &all, &pages)
	return pages * int64(os.Getpagesize())
}

// peak watches the memory of a process while f runs.
func peak(t *testing.T, pid int, f func()) (before, most, after int64) {
	t.Helper()
	before = resident(t, pid)
	most = before
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid)); err == nil {
				var all, pages int64
				fmt.Sscan(string(b), &all, &pages)
				most = max(most, pages*int64(os.Getpagesize()))
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	f()
	cancel()
	wg.Wait()
	return before, most, resident(t, pid)
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }
