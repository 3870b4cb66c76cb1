package hardship

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// roleEnv has the test's program be an attacker or an upstream instead. They
// are processes of their own, so that what they cost is not taken for a delay
// of those who are measured. An attacker, and the upstream that it reaches
// through the gateway, are machines of their own where it matters: in full size
// they give way to all others here.
const roleEnv = "TOLLGATE_HARDSHIP_ROLE"

// An attack is described, carried out, and then says what came of it.
type attack interface{ run() error }

// beRole is what that other program does.
func beRole(name string) error {
	var a attack
	switch name {
	case "upstream", "besieged upstream":
		return serveUpstream()
	case "siege":
		a = new(siege)
	case "flood":
		a = new(flood)
	default:
		return fmt.Errorf("no role %q", name)
	}
	if err := json.NewDecoder(os.Stdin).Decode(a); err != nil {
		return err
	}
	if err := a.run(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// givesWay begins the command line of a process that only gets what others
// leave of the processors, all its threads, or where there is no chrt(1) little more.
func givesWay() []string {
	if _, err := exec.LookPath("chrt"); err != nil {
		return []string{"nice", "-n", "19"}
	}
	return []string{"chrt", "--idle", "0"}
}

// play starts another process in a role, with what is said to it and what it
// says. In full size all but the upstream give way.
func play(t *testing.T, role string) (cmd *exec.Cmd, in io.WriteCloser, out io.Reader) {
	t.Helper()
	command := []string{os.Args[0]}
	if full && role != "upstream" {
		command = append(givesWay(), command...)
	}
	cmd = exec.CommandContext(t.Context(), command[0], command[1:]...)
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
