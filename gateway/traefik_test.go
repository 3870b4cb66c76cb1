package gateway

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A real Traefik asks /authorize, as docs/gateway.md says, and forwards itself.
func TestTraefik(t *testing.T) {
	program := installed(t, "traefik")
	w, auth := newTraffic(t, nil)
	dir := t.TempDir()
	addr := unused(t)
	written(t, dir, "dynamic.yaml", fmt.Sprintf(`
http:
  middlewares:
    plain:
      headers:
        customRequestHeaders: {X-Original-Method: "", X-Original-URI: ""}
    tollgate:
      forwardAuth:
        address: http://%[1]s/authorize
        authResponseHeadersRegex: '(?i)^(authorization|x[-_.]auth[-_.].*)$'
  routers:
    orders:
      rule: PathPrefix(%[3]s)
      middlewares: [plain, tollgate]
      service: orders
  services:
    orders:
      loadBalancer: {servers: [{url: "http://%[2]s"}]}
`, w.admin, w.upstream.Addr(), "`/`"))
	file := written(t, dir, "traefik.yaml", fmt.Sprintf(`
global: {checkNewVersion: false, sendAnonymousUsage: false}
log: {level: ERROR}
entryPoints: {web: {address: %q}}
providers: {file: {filename: %q}}
`, addr, filepath.Join(dir, "dynamic.yaml")))
	front := w.behind(exec.Command(program, "--configFile="+file), addr)
	w.eventually("routing", func() bool { return front.do("GET", "/orders/echo").StatusCode == http.StatusUnauthorized })
	res := front.gets(200, "/orders/echo?a=b", "Authorization", auth, "X-Auth-Subject", "evil", "X-Auth-Roles", "evil",
		"X-Auth-Client", "evil", "X-Auth-Scopes", "evil", "X-Auth-Token-Id", "evil", "X-Auth-Gateway", "evil", "X_Auth_Subject", "evil")
	if !strings.Contains(res.body, "X-Auth-Subject: customer-1\r\n") || !strings.Contains(res.body, "X-Auth-Roles: customer\r\n") || strings.Contains(res.body, "evil") {
		t.Errorf("%s", res.body)
	}
	if res := front.gets(http.StatusUnauthorized, "/orders/echo"); res.Header.Get("WWW-Authenticate") != challengeBare {
		t.Errorf("%v", res.Header)
	}
	front.gets(403, "/admin", "Authorization", auth)
	// the client cannot choose what is asked about
	front.gets(403, "/admin", "Authorization", auth, "X-Original-Method", "GET", "X-Original-URI", "/healthz")
	front.gets(403, "/admin", "Authorization", auth, "X-Forwarded-Method", "GET", "X-Forwarded-Uri", "/healthz")
	// on a public route the client's word does not pass
	w.upstream.forget()
	front.gets(404, "/healthz", "X-Auth-Subject", "evil", "X-Auth-Client", "evil")
	if sent := w.upstream.sent(); strings.Contains(sent, "evil") {
		t.Errorf("%s", sent)
	}
}
