package gateway

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documented is the nth block of a section of docs/authorize.md, with its addresses
// replaced by those of w and by the one that the proxy is to listen at.
func (w *world) documented(section string, n int, listen string) string {
	w.t.Helper()
	page, err := os.ReadFile("../docs/authorize.md")
	if err != nil {
		w.t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "\n## "+section+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	blocks := regexp.MustCompile("(?s)```[a-z]+\n(.*?)```").FindAllStringSubmatch(rest, -1)
	if !ok || len(blocks) <= n {
		w.t.Fatalf("docs/authorize.md has %d blocks for %s, want %d", len(blocks), section, n+1)
	}
	return strings.NewReplacer(
		"127.0.0.1:8081", w.admin, "orders:8070", w.upstream.Addr().String(),
		"listen 80;", "listen "+listen+";", "bind :80", "bind "+listen, "Listen 80\n", "Listen "+listen+"\n", "orders.example {", "http://"+listen+" {",
	).Replace(blocks[n][1])
}

// newProxied is a world with what a proxy has to let through: routes that answer
// in every way, and a caller whose token is large.
func newProxied(t *testing.T) (w *world, auth string) {
	return newTraffic(t, func(c *Config) {
		c.Routes = append(c.Routes, Route{Prefix: "/seldom", Upstream: c.Routes[0].Upstream, RatePerClient: 0.001})
	})
}

// passes checks that what /authorize says reaches the client of the proxy: every
// status with its fields, for a token of 7 KiB too. allow is what it makes of Allow.
func (w *world) passes(auth, allow string) {
	w.t.Helper()
	w.guards(auth)
	f := func(status int, method, path, field, value string, headers ...string) {
		w.t.Helper()
		res := w.do(method, path, headers...)
		if got := res.Header.Get(field); res.StatusCode != status || value != "" && !strings.Contains(got, value) {
			w.t.Errorf("%s %s: %d, %s %q; want %d, %q", method, path, res.StatusCode, field, got, status, value)
		}
	}
	f(400, "GET", "/orders/a%25%32%66b", "", "", "Authorization", auth)
	f(401, "GET", "/orders/echo", "WWW-Authenticate", "invalid_token", "Authorization", "Bearer nonsense")
	f(403, "GET", "/scoped", "WWW-Authenticate", `scope="orders.read orders.burn"`, "Authorization", auth)
	f(405, "DELETE", "/orders/echo", "Allow", allow, "Authorization", auth)
	f(404, "GET", "/seldom", "", "", "Authorization", auth)
	f(429, "GET", "/seldom", "Retry-After", "1", "Authorization", auth)
	// a client's own credentials, which the upstream never sees
	w.upstream.forget()
	f(404, "GET", "/whoami", "", "", "X-API-Key", "tgs_jwt-reporting.good")
	if sent := w.upstream.sent(); strings.Contains(sent, "tgs_") || !strings.Contains(strings.ToLower(sent), "x-auth-client: jwt-reporting") {
		w.t.Errorf("%s", sent)
	}
	// 7 KiB of token, and the roles that are in it
	roles := []string{"customer"}
	for i := range 365 {
		roles = append(roles, fmt.Sprintf("team-%03d-rw", i))
	}
	claims := w.service.claims("customer-7", strings.Join(roles, " "))
	large := w.service.token(ModeJWT, claims)
	if len(large) < 7<<10 || len(large) > 8<<10 {
		w.t.Fatalf("the large token has %d bytes", len(large))
	}
	res := w.gets(200, "/orders/echo", "Authorization", "Bearer "+large)
	if !strings.Contains(res.body, "Authorization: Bearer "+large) || !strings.Contains(res.body, "X-Auth-Roles: "+strings.Join(roles, ",")) {
		w.t.Errorf("%d bytes of token and %d roles did not arrive: %.200s", len(large), len(roles), res.body)
	}
	w.gets(403, "/admin", "Authorization", "Bearer "+large)
	// nobody can say who the caller is
	w.service.down.Store(true)
	f(503, "GET", "/whoami", "Retry-After", "1", "X-API-Key", "tgs_jwt-other.good")
}

const allowed = "GET, HEAD, POST, PUT"

func TestNginx(t *testing.T) {
	program := installed(t, "nginx")
	w, auth := newProxied(t)
	dir, addr := t.TempDir(), unused(t)
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	file := written(t, dir, "nginx.conf", fmt.Sprintf(`
%[1]s
pid %[2]s/pid;
error_log stderr crit;
events {}
http {
access_log off;
client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
%[3]s
}`, user, dir, w.documented("nginx", 0, addr)))
	front := w.behind(exec.Command(program, "-c", file, "-p", dir, "-e", "stderr", "-g", "daemon off;"), addr)
	front.passes(auth, allowed)
	// the gateway is gone: nothing passes
	w.stop()
	if res := front.do("GET", "/orders/echo", "Authorization", auth); res.StatusCode != 503 {
		t.Errorf("without the gateway: %d, want 503", res.StatusCode)
	}
}

func TestHAProxy(t *testing.T) {
	program := installed(t, "haproxy")
	w, auth := newProxied(t)
	dir, addr := t.TempDir(), unused(t)
	lua := written(t, dir, "tollgate.lua", w.documented("HAProxy", 1, addr))
	file := written(t, dir, "haproxy.cfg", strings.Replace(w.documented("HAProxy", 0, addr), "/etc/haproxy/tollgate.lua", lua, 1))
	front := w.behind(exec.Command(program, "-q", "-f", file), addr)
	front.passes(auth, allowed)
	w.stop()
	if res := front.do("GET", "/orders/echo", "Authorization", auth); res.StatusCode != 503 {
		t.Errorf("without the gateway: %d, want 503", res.StatusCode)
	}
}

func TestApache(t *testing.T) {
	program := installed(t, "apache2")
	w, auth := newProxied(t)
	dir, addr := t.TempDir(), unused(t)
	lua := written(t, dir, "tollgate.lua", w.documented("Apache", 1, addr))
	user := ""
	if os.Geteuid() == 0 {
		user = "User nobody\nGroup nogroup"
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(lua, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := written(t, dir, "apache.conf", fmt.Sprintf(`
ServerName localhost
ServerRoot %[1]s
PidFile %[1]s/pid
ErrorLog /dev/stderr
LogLevel crit
DefaultRuntimeDir %[1]s
Mutex file:%[1]s
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule lua_module /usr/lib/apache2/modules/mod_lua.so
%[2]s
%[3]s
`, dir, user, strings.Replace(w.documented("Apache", 0, addr), "/etc/apache2/tollgate.lua", lua, 1)))
	front := w.behind(exec.Command(program, "-f", file, "-DFOREGROUND"), addr)
	front.passes(auth, "") // it writes an Allow of its own
	w.stop()
	if res := front.do("GET", "/orders/echo", "Authorization", auth); res.StatusCode != 503 {
		t.Errorf("without the gateway: %d, want 503", res.StatusCode)
	}
}

func TestCaddy(t *testing.T) {
	program := installed(t, "caddy")
	w, auth := newProxied(t)
	dir, addr := t.TempDir(), unused(t)
	file := written(t, dir, "Caddyfile", "{\n\tadmin off\n\tauto_https off\n\tlog {\n\t\tlevel ERROR\n\t}\n}\n"+w.documented("Caddy", 0, addr))
	cmd := exec.Command(program, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	front := w.behind(cmd, addr)
	front.passes(auth, allowed)
	w.stop()
	if res := front.do("GET", "/orders/echo", "Authorization", auth); res.StatusCode < 500 {
		t.Errorf("without the gateway: %d, want 502", res.StatusCode)
	}
}

func TestTraefik(t *testing.T) {
	program := installed(t, "traefik")
	w, auth := newProxied(t)
	dir, addr := t.TempDir(), unused(t)
	dynamic := strings.Replace(w.documented("Traefik", 0, addr), "Host(`orders.example`)", "PathPrefix(`/`)", 1) +
		fmt.Sprintf("  services:\n    orders:\n      loadBalancer: {servers: [{url: \"http://%s\"}]}\n", w.upstream.Addr())
	written(t, dir, "dynamic.yaml", dynamic)
	file := written(t, dir, "traefik.yaml", fmt.Sprintf(`
global: {checkNewVersion: false, sendAnonymousUsage: false}
log: {level: ERROR}
entryPoints: {web: {address: %q}}
providers: {file: {filename: %q}}
`, addr, filepath.Join(dir, "dynamic.yaml")))
	front := w.behind(exec.Command(program, "--configFile="+file), addr)
	w.eventually("routing", func() bool { return front.do("GET", "/orders/echo").StatusCode == http.StatusUnauthorized })
	front.passes(auth, allowed)
}
