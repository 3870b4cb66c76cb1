package hardship

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// roleEnv has the test's program be an attacker or an upstream instead. They
// are processes of their own, so that what they cost is not taken for a delay
// of those who are measured.
const roleEnv = "TOLLGATE_HARDSHIP_ROLE"

// An attack is described, carried out, and then says what came of it.
type attack interface{ run() error }

// beRole is what that other program does.
func beRole(name string) error {
	var a attack
	switch name {
	case "upstream":
		return serveUpstream()
	case "siege":
		a = new(siege)
	case "flood":
		a = new(flood)
	default:
		return fmt.Errorf("no role %q", name)
	}
	// An attacker takes no processor from those it attacks.
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, 19); err != nil {
		return err
	}
	if err := json.NewDecoder(os.Stdin).Decode(a); err != nil {
		return err
	}
	if err := a.run(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// play starts another process in a role, with what is said to it and what it says.
func play(t *testing.T, role string) (cmd *exec.Cmd, in io.WriteCloser, out io.Reader) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"="+role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, out
}

// begin has another process carry out a, and returns what waits for its end and
// has a say what came of it.
func begin(t *testing.T, role string, a attack) (wait func()) {
	t.Helper()
	cmd, in, out := play(t, role)
	if err := json.NewEncoder(in).Encode(a); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := json.NewDecoder(out).Decode(a); err != nil {
			t.Errorf("%s: %v", role, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
}
