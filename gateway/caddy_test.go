package gateway

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A real Caddy asks /authorize, as docs/gateway.md says, and forwards itself.
func TestCaddy(t *testing.T) {
	program, err := exec.LookPath("caddy")
	if err != nil {
		t.Skip("caddy is not installed")
	}
	w, auth := newTraffic(t, nil)
	dir := t.TempDir()
	ln := listen(t)
	addr := ln.Addr().String()
	ln.Close()
	conf := fmt.Sprintf(`{
	admin off
	auto_https off
	log {
		level ERROR
	}
}
http://%[1]s {
	route {
		request_header -X-Auth-*
		forward_auth %[3]s {
			uri /authorize
			copy_headers Authorization X-Auth-Subject X-Auth-Client X-Auth-Roles X-Auth-Scopes X-Auth-Token-Id
		}
		reverse_proxy %[2]s
	}
}
`, addr, w.upstream.Addr(), w.admin)
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	w.eventually("listening", func() bool {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	front := *w
	front.public = addr
	f := func(status int, path string, headers ...string) got {
		t.Helper()
		res := front.do("GET", path, headers...)
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
		}
		return res
	}
	res := f(200, "/orders/echo?a=b", "Authorization", auth, "X-Auth-Subject", "evil", "X-Auth-Roles", "evil")
	if !strings.Contains(res.body, "X-Auth-Subject: customer-1\r\n") || strings.Contains(res.body, "evil") {
		t.Errorf("%s", res.body)
	}
	// the client cannot choose what is asked about
	f(403, "/admin", "Authorization", auth, "X-Forwarded-Uri", "/orders/echo", "X-Forwarded-Method", "GET")
	if res := f(http.StatusUnauthorized, "/orders/echo"); res.Header.Get("WWW-Authenticate") != challengeBare {
		t.Errorf("%v", res.Header)
	}
	f(403, "/admin", "Authorization", auth)
	// on a public route the client's word does not pass, whether or not this
	// Caddy copies fields that are empty
	w.upstream.forget()
	f(404, "/healthz", "X-Auth-Subject", "evil", "X-Auth-Client", "evil")
	if sent := w.upstream.sent(); strings.Contains(sent, "evil") {
		t.Errorf("%s", sent)
	}
}
