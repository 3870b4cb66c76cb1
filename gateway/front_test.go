package gateway

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/freeport"
)

// installed is where a program is that not every machine has: the test is
// skipped without it, and fails where TOLLGATE_REQUIRE_NAME=1.
func installed(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if required := "TOLLGATE_REQUIRE_" + strings.ToUpper(program); os.Getenv(required) == "1" {
			t.Fatalf("%s is not installed, and %s=1", program, required)
		}
		t.Skipf("%s is not installed", program)
	}
	return path
}

// unused is an address at which nobody listens yet.
func unused(t *testing.T) string {
	t.Helper()
	addr, err := freeport.Pick()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// written is a file with text, in a folder of the test's.
func written(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// behind is w asked through another proxy, which cmd starts and which listens
// at addr.
func (w *world) behind(cmd *exec.Cmd, addr string) *world {
	w.t.Helper()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
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
	return &front
}

// gets fails the test unless path is answered with status.
func (w *world) gets(status int, path string, headers ...string) got {
	w.t.Helper()
	res := w.do("GET", path, headers...)
	if res.StatusCode != status {
		w.t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
	}
	return res
}

// guards checks that the proxy in front lets through what /authorize does, and
// nothing that the client says of itself.
func (w *world) guards(auth string) {
	w.t.Helper()
	res := w.gets(200, "/orders/echo?a=b", "Authorization", auth, "X-Auth-Subject", "evil", "X-Auth-Roles", "evil",
		"X-Auth-Client", "evil", "X-Auth-Scopes", "evil", "X-Auth-Token-Id", "evil", "X-Auth-Gateway", "evil", "X_Auth_Subject", "evil",
		"X.Auth.Subject", "evil", "X-Auth_Roles", "evil", "X_Auth-Client", "evil", "X-Forwarded-Uri", "/healthz")
	if !strings.Contains(res.body, "X-Auth-Subject: customer-1\r\n") || !strings.Contains(res.body, "X-Auth-Roles: customer\r\n") || strings.Contains(res.body, "evil") {
		w.t.Errorf("%s", res.body)
	}
	if res := w.gets(http.StatusUnauthorized, "/orders/echo"); !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), challengeBare) {
		w.t.Errorf("%v", res.Header)
	}
	w.gets(403, "/admin", "Authorization", auth)
	// the client cannot choose what is asked about
	w.gets(403, "/admin", "Authorization", auth, "X-Original-Method", "GET", "X-Original-URI", "/healthz")
	w.gets(403, "/admin", "Authorization", auth, "X-Forwarded-Method", "GET", "X-Forwarded-Uri", "/healthz")
	// on a public route the client's word does not pass, copied when empty or not
	w.upstream.forget()
	w.gets(404, "/healthz", "X-Auth-Subject", "evil", "X-Auth-Client", "evil", "Authorization", "evil")
	if sent := w.upstream.sent(); strings.Contains(sent, "evil") {
		w.t.Errorf("%s", sent)
	}
}
