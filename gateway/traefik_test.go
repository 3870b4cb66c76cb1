package gateway

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
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
	front.guards(auth)
}
