package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/internal/node"
)

const clientsPage = "../../docs/clients.md"

// need skips the test where a program is missing, or fails it where
// TOLLGATE_REQUIRE_CLIENTS is set.
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	switch {
	case ok:
	case os.Getenv("TOLLGATE_REQUIRE_CLIENTS") != "":
		t.Fatalf("TOLLGATE_REQUIRE_CLIENTS is set, and there is no %s here", what)
	default:
		t.Skipf("there is no %s here", what)
	}
}

// python is an interpreter that has a module, or "".
func python(module string) string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import "+module).Run() == nil {
			return name
		}
	}
	return ""
}

// Every block of docs/clients.md works as it stands against tollgate dev, and is
// in the table.
func TestClientsPage(t *testing.T) {
	text, err := os.ReadFile(clientsPage)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range regexp.MustCompile(`(?m)^\| ([^|]+) \| yes \|`).FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, m[1])
	}
	sections := strings.Split(string(text), "\n### ")[1:]
	if len(sections) < 12 {
		t.Fatalf("%d clients on the page", len(sections))
	}
	built := buildClients(t, sections) // before dev runs, which has a minute
	data := t.TempDir()
	said, stop := startDev(t, data)
	defer stop()
	gateway := regexp.MustCompile(`(?m)^  gateway +(http://\S+)`).FindStringSubmatch(said)
	if gateway == nil {
		t.Fatalf("dev names no gateway:\n%s", said)
	}
	b, err := os.ReadFile(filepath.Join(data, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	accounts := map[string]string{}
	if err := json.Unmarshal(b, &accounts); err != nil {
		t.Fatal(err)
	}
	env := []string{"GATEWAY=" + gateway[1], "ID=customer-1", "PASSWORD=" + accounts["customer-1"], "API_KEY=" + accounts["reporting"]}
	for _, section := range sections {
		name, _, _ := strings.Cut(section, "\n")
		if !slices.Contains(rows, name) {
			t.Errorf("%s has a block, and no row in the table that says that it works", name)
		}
		t.Run(name, func(t *testing.T) {
			block := blocks(section)[0]
			dir := t.TempDir()
			var cmd *exec.Cmd
			switch block.language {
			case "js":
				if m := regexp.MustCompile(`from "([^"]+)"`).FindStringSubmatch(block.text); m != nil {
					node.Need(t, m[1])
				}
				node.Run(t, block.text, env...)
				return
			case "sh":
				program := strings.Fields(name)[0]
				_, err := exec.LookPath(program)
				need(t, err == nil, program)
				cmd = exec.Command("bash", "-eu", "-o", "pipefail", "-c", block.text)
				cmd.Dir = dir
			case "python":
				module := map[string]string{"Python requests": "requests", "PyJWT": "jwt, cryptography"}[name]
				if module == "" {
					module = "urllib"
				}
				interpreter := python(module)
				need(t, interpreter != "", "Python module "+module)
				cmd = exec.Command(interpreter, "-c", block.text)
			case "go":
				cmd = exec.Command(built[name])
			default:
				t.Fatalf("a block of %q, which nothing runs", block.language)
			}
			cmd.Env = append(os.Environ(), env...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// buildClients builds the clients in Go and returns their programs by name.
func buildClients(t *testing.T, sections []string) map[string]string {
	t.Helper()
	built, dir := map[string]string{}, t.TempDir()
	for i, section := range sections {
		name, _, _ := strings.Cut(section, "\n")
		block := blocks(section)[0]
		if block.language != "go" {
			continue
		}
		source := filepath.Join(dir, "client"+strconv.Itoa(i)+".go")
		built[name] = strings.TrimSuffix(source, ".go")
		if err := os.WriteFile(source, []byte(block.text), 0o600); err != nil {
			t.Fatal(err)
		}
		// In this folder, for what our module requires.
		if out, err := exec.Command("go", "build", "-o", built[name], source).CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", name, err, out)
		}
	}
	return built
}
