package gateway

import (
	"net"
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
