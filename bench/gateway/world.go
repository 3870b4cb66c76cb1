package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tollgate/tollgate/gateway"
	"github.com/tollgate/tollgate/introspect/client"
)

// A world is everything around the gateways that are measured.
type world struct {
	*settings
	service  *service
	upstream string
	dir      string
	procs    []*exec.Cmd
}

func newWorld(s *settings) (*world, error) {
	w := &world{settings: s}
	var err error
	if w.dir, err = os.MkdirTemp("", "bench-gateway-"); err != nil {
		return nil, err
	}
	if w.service, err = newService(); err != nil {
		return nil, err
	}
	words, _, err := w.spawn("upstream")
	if err != nil {
		return nil, err
	}
	w.upstream = words[0]
	return w, nil
}

func (w *world) stop() {
	for _, p := range w.procs {
		p.Process.Signal(syscall.SIGTERM)
	}
	for _, p := range w.procs {
		p.Wait()
	}
	os.RemoveAll(w.dir)
}

// spawn starts this program in a role and returns the words it says first.
func (w *world) spawn(args ...string) ([]string, int, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "BENCH_SECRET="+serviceSecret)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	w.procs = append(w.procs, cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", args[0], err)
	}
	return strings.Fields(line), cmd.Process.Pid, nil
}

// rows starts every gateway there is.
func (w *world) rows() ([]*row, error) {
	words, pid, err := w.spawn("reference", w.upstream)
	if err != nil {
		return nil, err
	}
	few := w.requests(w.service.jwts(64, "EdDSA"))
	rows := []*row{{Name: "reference", Note: "fasthttp HostClient, no authentication", pid: pid, addr: words[0], tokens: few}}
	for _, o := range []struct {
		name, note, mode string
		change           func(*gateway.Config)
		tokens           func() [][]byte
	}{
		{"tollgate jwt", "every token different, no cache", gateway.ModeJWT,
			func(c *gateway.Config) { c.Cache.Claims = -1 }, func() [][]byte { return w.service.jwts(w.settings.tokens, "EdDSA") }},
		{"tollgate jwt+cache", "64 tokens", gateway.ModeJWT, nil, func() [][]byte { return w.service.jwts(64, "EdDSA") }},
		{"tollgate opaque+cache", "64 tokens", gateway.ModeOpaque,
			func(c *gateway.Config) { c.Cache.IntrospectionTTL = time.Hour }, func() [][]byte { return w.service.opaque(64) }},
		{"tollgate phantom+cache", "64 tokens", gateway.ModePhantom,
			func(c *gateway.Config) { c.Cache.IntrospectionTTL = time.Hour }, func() [][]byte { return w.service.opaque(64) }},
	} {
		if !w.wanted(o.name) {
			continue
		}
		r, err := w.ours(o.mode, o.change)
		if err != nil {
			return nil, err
		}
		r.Name, r.Note, r.tokens = o.name, o.note, w.requests(o.tokens())
		rows = append(rows, r)
	}
	peers, err := w.peers()
	return append(rows, peers...), err
}

func (w *world) wanted(name string) bool { return w.only == "" || w.only == name }

func (w *world) ours(mode string, change func(*gateway.Config)) (*row, error) {
	cfg := gateway.Config{
		Timeouts: gateway.Timeouts{Grace: time.Millisecond},
		Mode:     mode, Issuer: issuer, Audience: audience,
		SecurityService: client.Config{URL: w.service.URL, ClientID: "gateway", ClientSecret: client.Secret{Env: "BENCH_SECRET"}, Timeout: 5 * time.Second},
		Routes:          []gateway.Route{{Prefix: "/orders", Methods: []string{"GET"}, Upstream: "http://" + w.upstream, Roles: []string{"customer"}}},
	}
	if change != nil {
		change(&cfg)
	}
	b, err := yaml.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	words, pid, err := w.spawn("ours", string(b))
	if err != nil {
		return nil, err
	}
	r := &row{pid: pid, addr: words[0], admin: words[1]}
	for range 200 {
		if res, err := http.Get("http://" + r.admin + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return r, nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, fmt.Errorf("%s gateway is not ready", mode)
}

// requests makes a request for each token.
func (w *world) requests(tokens [][]byte) [][]byte {
	pad := ""
	for n := 0; len(pad) < w.headers; n++ {
		pad += fmt.Sprintf("X-Header-%d: %s\r\n", n, strings.Repeat("v", 80))
	}
	list := make([][]byte, len(tokens))
	for i, t := range tokens {
		list[i] = fmt.Appendf(nil, "GET /orders/1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n%sAuthorization: Bearer %s\r\n\r\n", pad, t)
	}
	return list
}

// measure loads one gateway for a round.
func (w *world) measure(r *row) error {
	g, err := dial(r.addr, w.conns)
	if err != nil {
		return err
	}
	defer g.close()
	if w.rate > 0 {
		if err := w.load(r, g, w.rate, &r.Paced); err != nil {
			return err
		}
	}
	return w.load(r, g, 0, &r.Full)
}

// load measures a gateway under one load, after a moment of it.
func (w *world) load(r *row, g *generator, rate int, to *series) error {
	if _, err := g.run(r.tokens, rate, w.warm); err != nil {
		return err
	}
	before, err := w.used(r)
	if err != nil {
		return err
	}
	start := time.Now()
	n, err := g.run(r.tokens, rate, w.round)
	if err != nil {
		return err
	}
	took := time.Since(start)
	after, err := w.used(r)
	if err != nil {
		return err
	}
	to.Cost = append(to.Cost, float64((after-before).Nanoseconds())/1e3/float64(n))
	to.Rate = append(to.Rate, float64(n)/took.Seconds())
	return nil
}

// used is the CPU time of a gateway: of all its processes.
func (w *world) used(r *row) (sum time.Duration, err error) {
	pids := append(children(r.pid), r.pid)
	for _, pid := range pids {
		d, err := cpu(pid)
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// children are the processes that a master process has started.
func children(pid int) (pids []int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for f := range strings.FieldsSeq(string(b)) {
		var n int
		if _, err := fmt.Sscan(f, &n); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

// profile loads one of our gateways and saves its CPU profile.
func (w *world) profile(r *row) error {
	if r.admin == "" {
		return nil
	}
	g, err := dial(r.addr, w.conns)
	if err != nil {
		return err
	}
	defer g.close()
	done := make(chan error, 1)
	go func() {
		_, err := g.run(r.tokens, w.rate, 7*time.Second)
		done <- err
	}()
	res, err := http.Get("http://" + r.admin + "/debug/pprof/profile?seconds=6")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	f, err := os.Create(w.settings.profile + strings.ReplaceAll(r.Name, " ", "-") + ".pprof")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, res.Body); err != nil {
		return err
	}
	return <-done
}
