package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// peers starts nginx and HAProxy where they are installed: bare, and with the
// authentication that comes nearest to ours.
func (w *world) peers() ([]*row, error) {
	var rows []*row
	for _, p := range []struct {
		name, note, program string
		conf                func(addr string) (string, error)
		args                func(file string) []string
		alg                 string
	}{
		{"nginx", "no authentication", "nginx", w.nginx(false), w.nginxArgs, "EdDSA"},
		{"nginx auth_request+cache", "64 tokens, answers cached", "nginx", w.nginx(true), w.nginxArgs, "EdDSA"},
		{"haproxy", "no authentication", "haproxy", w.haproxy(false), haproxyArgs, "RS256"},
		{"haproxy jwt RS256", "every request verified", "haproxy", w.haproxy(true), haproxyArgs, "RS256"},
	} {
		path, err := exec.LookPath(p.program)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: left out, %s is not installed\n", p.name, p.program)
			continue
		}
		if !w.wanted(p.name) {
			continue
		}
		r := &row{Name: p.name, Note: p.note, tokens: w.requests(w.service.jwts(64, p.alg))}
		if err := w.startPeer(r, path, p.conf, p.args); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (w *world) startPeer(r *row, program string, conf func(string) (string, error), args func(string) []string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.addr = ln.Addr().String()
	ln.Close()
	text, err := conf(r.addr)
	if err != nil {
		return err
	}
	file := filepath.Join(w.dir, strings.ReplaceAll(r.Name, " ", "-")+".conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(program, args(file)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	w.procs = append(w.procs, cmd)
	r.pid = cmd.Process.Pid
	for range 100 {
		if c, err := net.Dial("tcp", r.addr); err == nil {
			return c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("does not listen on %s", r.addr)
}

func (w *world) nginxArgs(file string) []string {
	return []string{"-c", file, "-p", w.dir, "-e", "stderr", "-g", "daemon off;"}
}

func haproxyArgs(file string) []string { return []string{"-f", file, "-db", "-q"} }

func (w *world) nginx(auth bool) func(string) (string, error) {
	return func(addr string) (string, error) {
		name := "plain"
		ask, decide := "", ""
		if auth {
			name = "auth"
			ask = "auth_request /auth; auth_request_set $sub $upstream_http_x_auth_subject; proxy_set_header X-Auth-Subject $sub;"
			decide = fmt.Sprintf(`
	location = /auth {
		internal;
		proxy_pass %s/auth;
		proxy_pass_request_body off;
		proxy_set_header Content-Length "";
		proxy_cache tokens;
		proxy_cache_key $http_authorization;
		proxy_cache_valid 200 1h;
		proxy_cache_methods GET HEAD;
	}`, w.service.URL)
		}
		dir := filepath.Join(w.dir, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", err
		}
		user := ""
		if os.Geteuid() == 0 {
			user = "user root;" // who else may read our folder
		}
		return fmt.Sprintf(`
%[6]s
worker_processes 1;
pid %[1]s/pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
	access_log off;
	keepalive_requests 100000000;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	proxy_cache_path %[1]s/cache keys_zone=tokens:10m;
	upstream up { server %[2]s; keepalive 64; keepalive_requests 100000000; }
	server {
	listen %[3]s;
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	location / { %[4]s proxy_pass http://up; }%[5]s
	}
}`, dir, w.upstream, addr, ask, decide, user), nil
	}
}

func (w *world) haproxy(auth bool) func(string) (string, error) {
	return func(addr string) (string, error) {
		verify := ""
		if auth {
			der, err := x509.MarshalPKIXPublicKey(&w.service.rsa.PublicKey)
			if err != nil {
				return "", err
			}
			file := filepath.Join(w.dir, "rsa.pem")
			if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
				return "", err
			}
			verify = fmt.Sprintf(`
	http-request set-var(txn.bearer) http_auth_bearer
	http-request deny unless { var(txn.bearer),jwt_header_query('$.alg') -m str RS256 }
	http-request deny unless { var(txn.bearer),jwt_verify("RS256","%s") 1 }
	http-request set-header X-Auth-Subject %%[var(txn.bearer),jwt_payload_query('$.sub')]`, file)
		}
		return fmt.Sprintf(`
global
	nbthread 1
	maxconn 4096
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	option http-keep-alive
	http-reuse always
frontend f
	bind %s%s
	default_backend b
backend b
	server s %s
`, addr, verify, w.upstream), nil
	}
}
