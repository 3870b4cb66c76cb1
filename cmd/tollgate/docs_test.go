package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are the Markdown files for operators.
func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d pages in docs (%v)", len(files), err)
	}
	text := map[string]string{}
	for _, f := range append(files, "../../deploy/README.md", "../../SECURITY.md") {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text[f] = string(b)
	}
	return text
}

// Every command line in a console block of the pages is one that there is, with
// flags that it has.
func TestPagesCommandsExist(t *testing.T) {
	n := 0
	for page, text := range pages(t) {
		for _, b := range blocks(text) {
			for i, line := range strings.Split(b.text, "\n") {
				line, ok := strings.CutPrefix(strings.TrimSpace(line), "$ tollgate ")
				if !ok || b.language != "console" {
					continue
				}
				n++
				line, _, _ = strings.Cut(line, " | ")
				line, _, _ = strings.Cut(line, " < ")
				line, _, _ = strings.Cut(line, " > ")
				var args []string
				for _, m := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1) {
					args = append(args, strings.Trim(m, `"`))
				}
				cmd, rest, err := newRoot().Find(args)
				if err == nil {
					err = cmd.ParseFlags(rest)
				}
				if err == nil && cmd.Args != nil {
					err = cmd.Args(cmd, cmd.Flags().Args())
				}
				if err != nil {
					t.Errorf("%s:%d: tollgate %s: %v", page, b.line+i, line, err)
				}
			}
		}
	}
	if n < 15 {
		t.Errorf("%d command lines were found in the pages", n)
	}
}

// docs/operations.md lists every audit event, and no other, and names metrics
// that there are.
func TestOperationsPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	table := page[strings.Index(page, "| event | says |"):]
	table = table[:strings.Index(table, "\n\n")]
	var listed []string
	for _, row := range strings.Split(table, "\n") {
		first, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(first, -1) {
			listed = append(listed, m[1])
		}
	}
	source, err := exec.Command("git", "-C", "../..", "grep", "-hE", `udit|changeUser\(|changeClient\(|event :?= |tollgate_`, "--", "introspect/*.go", "gateway/*.go", ":!*_test.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?:[aA]udit(?:User|Client)?\(|change(?:User|Client)\(ctx, [^"]*|"event", |event :?= )"([a-z ]+)"`).FindAllStringSubmatch(string(source), -1) {
		if m[1] != "event" && m[1] != "audit" && !slices.Contains(listed, m[1]) {
			t.Errorf("docs/operations.md does not list the audit event %q", m[1])
		}
	}
	for _, event := range listed {
		if !strings.Contains(string(source), `"`+event+`"`) {
			t.Errorf("docs/operations.md lists the audit event %q, which does not exist", event)
		}
	}
	for _, name := range regexp.MustCompile("tollgate_[a-z_]+").FindAllString(page, -1) {
		if name = strings.TrimSuffix(name, "_bucket"); name != "tollgate_build_info" && !strings.Contains(string(source), name) {
			t.Errorf("docs/operations.md names the metric %s, which does not exist", name)
		}
	}
}
