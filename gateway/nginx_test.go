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

// A real nginx asks /authorize, as docs/gateway.md says, and forwards itself.
func TestNginx(t *testing.T) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	w, auth := newTraffic(t, nil)
	dir := t.TempDir()
	ln := listen(t)
	addr := ln.Addr().String()
	ln.Close()
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	conf := fmt.Sprintf(`
%[1]s
pid %[2]s/pid;
error_log stderr crit;
events {}
http {
	access_log off;
	client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
	server {
		listen %[3]s;
		location / {
			auth_request /_tollgate;
			auth_request_set $subject $upstream_http_x_auth_subject;
			auth_request_set $token $upstream_http_authorization;
			proxy_set_header X-Auth-Subject $subject;
			proxy_set_header Authorization $token;
			proxy_pass http://%[4]s;
		}
		location = /_tollgate {
			internal;
			proxy_pass http://%[5]s/authorize;
			proxy_pass_request_body off;
			proxy_set_header Content-Length "";
			proxy_set_header X-Original-Method $request_method;
			proxy_set_header X-Original-URI $request_uri;
		}
	}
}`, user, dir, addr, w.upstream.Addr(), w.admin)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-c", file, "-p", dir, "-e", "stderr", "-g", "daemon off;")
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
	res := f(200, "/orders/echo?a=b", "Authorization", auth, "X-Auth-Subject", "evil")
	if !strings.Contains(res.body, "X-Auth-Subject: customer-1\r\n") || strings.Contains(res.body, "evil") {
		t.Errorf("%s", res.body)
	}
	if res := f(http.StatusUnauthorized, "/orders/echo"); res.Header.Get("WWW-Authenticate") != challengeBare {
		t.Errorf("%v", res.Header)
	}
	f(403, "/admin", "Authorization", auth)
	// on a public route the client's word is overwritten with nothing
	w.upstream.forget()
	f(404, "/healthz", "X-Auth-Subject", "evil", "Authorization", "evil")
	if sent := w.upstream.sent(); strings.Contains(sent, "evil") {
		t.Errorf("%s", sent)
	}
}
