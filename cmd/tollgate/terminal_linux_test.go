package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a new pseudo-terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// A terminal asks for a new password twice, shows neither, and takes it only if
// both are the same.
func TestTerminalAsksForNewPasswordsTwice(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "introspect.yaml")
	text := "issuer: http://127.0.0.1:1\naudience: [orders]\ndata: " + filepath.Join(dir, "data") + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	add := func(first, second string) (string, error) {
		t.Helper()
		master, slave := terminal(t)
		out := new(promptBuffer)
		cmd := exec.Command("tollgate", "user", "add", "alice", "--config", config)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, out, out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
		defer late.Stop()
		for prompt, answer := range map[string]string{"password: ": first, "the same again: ": second} {
			go func() {
				for !strings.Contains(out.String(), prompt) {
					time.Sleep(5 * time.Millisecond)
				}
				time.Sleep(50 * time.Millisecond) // until the echo is off
				_, _ = master.WriteString(answer + "\n")
			}()
		}
		err := cmd.Wait()
		return out.String(), err
	}
	out, err := add("a long enough password", "another long password")
	if err == nil || !strings.Contains(out, "the two passwords are not the same; nothing was changed") {
		t.Errorf("two different passwords: %v\n%s", err, out)
	}
	out, err = add("a long enough password", "a long enough password")
	if err != nil || !strings.Contains(out, "user alice: roles -, scopes -") {
		t.Errorf("the same password twice: %v\n%s", err, out)
	}
	if strings.Contains(out, "enough") {
		t.Errorf("the password is shown:\n%s", out)
	}
}

// promptBuffer is written by a process and read by a test.
type promptBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *promptBuffer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *promptBuffer) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}
