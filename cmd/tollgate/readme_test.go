package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/gateway"
	"github.com/tollgate/tollgate/internal/yamlconf"
)

const readme = "../../README.md"

// fenced is a block of code in a Markdown file.
type fenced struct {
	language, text string
	line           int
}

func blocks(markdown string) (list []fenced) {
	var open *fenced
	n := 0
	for line := range strings.Lines(markdown) {
		n++
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &fenced{language: language, line: n + 1}
		case fence:
			list, open = append(list, *open), nil
		case open != nil:
			open.text += line
		}
	}
	return list
}

// Every block of the README that is marked sh runs without an error, in one
// shell, in an empty folder and beside a "tollgate dev" on other ports than the
// usual ones. Of a make target only what it would do is asked, for some of them
// run this very test. Blocks marked console are only shown.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eu -o pipefail\nmake() { command make --no-print-directory -n -C " + quote(root) + " \"$@\" >/dev/null; }\n"
	commands := 0
	for _, b := range blocks(string(text)) {
		if b.language == "sh" {
			script += b.text
			commands++
		}
	}
	if commands == 0 {
		t.Fatal("README.md shows nothing to run")
	}
	dir := t.TempDir()
	said, stop := startDev(t, filepath.Join(dir, "data"))
	defer stop()
	cmd := exec.Command("bash", "-c", onPortsOf(t, said).Replace(script))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, out, script)
	}
}

// onPortsOf replaces dev's usual addresses by those it said it has.
func onPortsOf(t *testing.T, said string) *strings.Replacer {
	t.Helper()
	var pairs []string
	for usual, pattern := range map[string]string{
		"127.0.0.1:8080": `gateway +http://(\S+)`, "127.0.0.1:8081": `gateway .*admin http://(\S+)`,
		"127.0.0.1:8090": `security service +http://(\S+)`, "127.0.0.1:8091": `security service .*admin http://(\S+)`,
		"127.0.0.1:8070": `orders service +http://(\S+)`,
	} {
		m := regexp.MustCompile(pattern).FindStringSubmatch(said)
		if m == nil {
			t.Fatalf("dev does not say what it has for %s:\n%s", usual, said)
		}
		pairs = append(pairs, usual, m[1])
	}
	return strings.NewReplacer(pairs...)
}

// The configuration that the README shows is a good one.
func TestReadmeConfiguration(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks(string(text)) {
		if b.language != "yaml" {
			continue
		}
		if err := yamlconf.Parse("block", []byte(b.text), new(gateway.Config)); err != nil {
			t.Errorf("README.md:%d: %v", b.line, err)
		}
	}
}

func TestBlocks(t *testing.T) {
	got := blocks("a\n```sh\nls\n\nmake\n```\n```\nx\n```\n```yaml\na: b\n```\n")
	want := []fenced{{"sh", "ls\n\nmake\n", 3}, {"", "x\n", 8}, {"yaml", "a: b\n", 11}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("block %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}
