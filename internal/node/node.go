// Package node runs JavaScript of Node.js for tests: clients, servers and a
// browser's driver that nobody here wrote. package.json beside it names them,
// `make node` installs them. The programs are ECMAScript modules, and may import
// what package.json names.
package node

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// folder is where node_modules is.
func folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// Need skips the test where Node.js or one of the packages is not installed, or
// fails it where TOLLGATE_REQUIRE_NODE is set.
func Need(t testing.TB, packages ...string) {
	t.Helper()
	missing := ""
	if _, err := exec.LookPath("node"); err != nil {
		missing = "node"
	}
	for _, p := range packages {
		if _, err := os.Stat(filepath.Join(folder(), "node_modules", filepath.FromSlash(p), "package.json")); err != nil {
			missing = p
		}
	}
	switch {
	case missing == "":
	case os.Getenv("TOLLGATE_REQUIRE_NODE") != "":
		t.Fatalf("TOLLGATE_REQUIRE_NODE is set, and there is no %s: run make node", missing)
	default:
		t.Skipf("there is no %s here, so nothing is tried with it; make node installs it", missing)
	}
}

// Command is a program of Node.js that has not been started. It ends with the
// test, or after a minute. env holds name=value pairs beside the process's own.
func Command(t testing.TB, program string, env ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "node", "--input-type=module", "-")
	cmd.Dir = folder()
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(program)
	return cmd
}

// Run runs a program and returns what it printed; it fails the test where the
// program fails.
func Run(t testing.TB, program string, env ...string) string {
	t.Helper()
	cmd := Command(t, program, env...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("node: %v\nstdout:\n%s\nstderr:\n%.4000s", err, stdout.String(), stderr.String())
	}
	return stdout.String()
}
