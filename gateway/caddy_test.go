package gateway

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A real Caddy asks /authorize, as docs/gateway.md says, and forwards itself.
func TestCaddy(t *testing.T) {
	program := installed(t, "caddy")
	w, auth := newTraffic(t, nil)
	dir := t.TempDir()
	addr := unused(t)
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
		request_header -X-Original-*
		forward_auth %[3]s {
			uri /authorize
			copy_headers Authorization X-Auth-Subject X-Auth-Client X-Auth-Roles X-Auth-Scopes X-Auth-Token-Id
		}
		reverse_proxy %[2]s
	}
}
`, addr, w.upstream.Addr(), w.admin)
	file := written(t, dir, "Caddyfile", conf)
	cmd := exec.Command(program, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	front := w.behind(cmd, addr)
	res := front.gets(200, "/orders/echo?a=b", "Authorization", auth, "X-Auth-Subject", "evil", "X-Auth-Roles", "evil")
	if !strings.Contains(res.body, "X-Auth-Subject: customer-1\r\n") || strings.Contains(res.body, "evil") {
		t.Errorf("%s", res.body)
	}
	// the client cannot choose what is asked about
	front.gets(403, "/admin", "Authorization", auth, "X-Forwarded-Uri", "/orders/echo", "X-Forwarded-Method", "GET")
	front.gets(403, "/admin", "Authorization", auth, "X-Original-Method", "GET", "X-Original-URI", "/healthz")
	if res := front.gets(http.StatusUnauthorized, "/orders/echo"); res.Header.Get("WWW-Authenticate") != challengeBare {
		t.Errorf("%v", res.Header)
	}
	front.gets(403, "/admin", "Authorization", auth)
	// on a public route the client's word does not pass, whether or not this
	// Caddy copies fields that are empty
	w.upstream.forget()
	front.gets(404, "/healthz", "X-Auth-Subject", "evil", "X-Auth-Client", "evil")
	if sent := w.upstream.sent(); strings.Contains(sent, "evil") {
		t.Errorf("%s", sent)
	}
}
