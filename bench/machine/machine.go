// Package machine describes what a benchmark ran on, so that a figure never
// travels without it.
package machine

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine/ecdsa"
	"github.com/tollgate/tollgate/engine/ed25519"
	"github.com/tollgate/tollgate/engine/rsa"
)

// Machine is where, when and from which commit a run was made.
type Machine struct {
	Date    string `json:"date"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`
	Go      string `json:"go"`
	Commit  string `json:"commit"` // ends in -dirty where the tree had changes
	Backend string `json:"ed25519_backend"`
	ECDSA   string `json:"ecdsa_backend"`
	RSA     string `json:"rsa_backend"`
}

// Describe reads the machine it runs on. What cannot be told is "unknown".
func Describe() Machine {
	return Machine{
		Date: time.Now().UTC().Format(time.RFC3339), OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: cpu(),
		Cores: runtime.NumCPU(), Go: runtime.Version(), Commit: commit(), Backend: ed25519.Backend(), ECDSA: ecdsa.Backend(), RSA: rsa.Backend(),
	}
}

// Markdown is the description as one line.
func (m Machine) Markdown() string {
	return fmt.Sprintf("%s; %s, %d cores, %s/%s, %s, Ed25519 backend %s, ECDSA backend %s, RSA backend %s, commit %s.", m.Date, m.CPU, m.Cores, m.OS, m.Arch, m.Go, m.Backend, m.ECDSA, m.RSA, m.Commit)
}

// cpu names the processor by what the kernel calls it and, since virtual
// machines are often given a name that says nothing, its family and model.
func cpu() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	found := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		key, value, ok := strings.Cut(s.Text(), ":")
		if key = strings.TrimSpace(key); ok && found[key] == "" {
			found[key] = strings.TrimSpace(value)
		}
	}
	if found["model name"] == "" {
		return "unknown"
	}
	return fmt.Sprintf("%s (family %s, model %s)", found["model name"], found["cpu family"], found["model"])
}

func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}
