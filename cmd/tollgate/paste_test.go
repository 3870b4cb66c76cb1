package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startDev starts dev on free ports and returns what it said until it was
// ready.
func startDev(t *testing.T, data string, args ...string) (said string, stop func()) {
	t.Helper()
	args = append([]string{
		"dev", "--data", data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
		"--introspect", "127.0.0.1:0", "--introspect-admin", "127.0.0.1:0", "--service", "127.0.0.1:0",
	}, args...)
	cmd := exec.Command("tollgate", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	var b strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return b.String(), func() {
				t.Helper()
				late.Stop()
				if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
					t.Error(err)
				}
				io.Copy(io.Discard, out)
				if err := cmd.Wait(); err != nil {
					t.Error(err)
				}
			}
		}
		b.WriteString(lines.Text() + "\n")
	}
	t.Fatalf("dev was not ready: %v\n%s", cmd.Wait(), b.String())
	return "", nil
}

// The lines that dev prints are run as pasted, in one shell, and each does
// what the words above it say; so they do at the second start, which prints no
// secrets.
func TestLinesToTry(t *testing.T) {
	for _, program := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("TOLLGATE_REQUIRE_"+strings.ToUpper(program)) == "1" {
				t.Fatalf("%s is not installed, and is required", program)
			}
			t.Skipf("%s is not installed", program)
		}
	}
	data := filepath.Join(t.TempDir(), "a folder's data")
	for _, mode := range []string{"jwt", "opaque", "phantom"} {
		said, stop := startDev(t, data, "--mode", mode)
		if first := strings.Contains(said, "shown this once"); first != (mode == "jwt") {
			t.Errorf("%s: secrets were printed: %v", mode, first)
		}
		runLines(t, mode, said)
		stop()
	}
}

func runLines(t *testing.T, mode, said string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "  ") && strings.Contains(line, "curl") {
			lines = append(lines, line)
		}
	}
	// What each answers, in their order; the first only sets a variable.
	want := []string{
		`^$`,
		`^\{"id":"[A-Z0-9]{26}","item":"tea","owner":"customer-1",`,
		`^\[\{"id":"[A-Z0-9]{26}","item":"tea"`,
		`"X-Auth-Subject":"customer-1"`,
		`^HTTP/1.1 401 `,
		`^HTTP/1.1 403 `,
		`^HTTP/1.1 403 `,
		`^HTTP/1.1 204 `,
		`^HTTP/1.1 401 `,
		`^\{"day":"20[0-9-]+","orders":[0-9]+\}`,
		`"X-Auth-Subject":"reporting"`,
	}
	if len(lines) != len(want) {
		t.Fatalf("%s: %d lines to try, want %d:\n%s", mode, len(lines), len(want), said)
	}
	const mark = "\x1e"
	cmd := exec.Command("bash", "-eu", "-o", "pipefail")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "echo -n '"+mark+"'\n"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s\n%s", mode, err, out, &stderr)
	}
	answers := strings.Split(string(out), mark)
	if len(answers) != len(want) {
		t.Fatalf("%s: %d answers to %d lines:\n%s", mode, len(answers), len(want), out)
	}
	for i, a := range answers {
		if !regexp.MustCompile(want[i]).MatchString(a) {
			t.Errorf("%s: %s answered\n%s, want %s", mode, lines[i], a, want[i])
		}
	}
}
