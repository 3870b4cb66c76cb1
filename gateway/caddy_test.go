package gateway

import (
	"fmt"
	"os"
	"os/exec"
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
		request_header -X-Auth*
		request_header -X_Auth*
		request_header -X.Auth*
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
	front.guards(auth)
}
