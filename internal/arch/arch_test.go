// Package arch holds the import table of docs/design.md as a test.
package arch

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A rule names the packages it speaks of, and which packages of ours each may
// import. A name that ends in /... stands for the package and all below it.
type rule struct {
	of  string
	may []string
}

// The first rule that matches a package decides.
var table = []rule{
	{"engine/claims", nil},
	{"engine/ed25519/...", []string{"engine/ed25519/..."}}, // its own internal packages
	{"engine/ecdsa/...", []string{"engine/ecdsa/..."}},
	{"engine/rsa", nil},
	{"engine/revocation", nil},
	{"engine/jwt", []string{"engine/claims"}},
	{"engine/keyset", []string{"engine/ecdsa", "engine/ed25519", "engine/rsa"}},
	{"engine/claimcache", []string{"engine/claims"}},
	{"engine", []string{"engine/claims", "engine/jwt", "engine/ecdsa", "engine/ed25519", "engine/rsa", "engine/keyset", "engine/claimcache", "engine/revocation"}},
	{"engine/httpauth", []string{"engine", "engine/claims"}},
	{"engine/verifier", []string{"engine", "engine/claims", "engine/httpauth", "engine/keyset", "engine/revocation"}},
	{"introspect/...", []string{"introspect/...", "internal/exposition", "internal/hostcheck", "internal/private", "engine/claims", "engine/keyset", "engine/jwt", "engine/revocation"}},
	{"gateway/policy", []string{"engine/claims"}},
	{"gateway/internal/...", []string{"gateway/policy"}},
	{"gateway/upstream", []string{"gateway/internal/netio"}},
	{"gateway/edge", []string{"gateway/identity", "gateway/policy", "gateway/upstream", "gateway/internal/...", "internal/exposition", "engine/claims"}},
	{"gateway/identity", []string{"engine/...", "introspect/client"}},
	{"gateway/...", []string{"gateway/...", "internal/filewatch", "internal/exposition", "internal/hostcheck", "internal/yamlconf", "engine/...", "introspect/client"}},
	{"loadtest/...", []string{"loadtest/..."}},
	{"internal/...", []string{"internal/..."}},
	{"examples/...", []string{"examples/...", "engine/..."}},
	{"cmd/tollgate", []string{"..."}},
}

// Third-party packages that only the named places may import, tests aside.
var outside = []rule{
	{"github.com/dgraph-io/ristretto/v2", []string{"engine/claimcache", "introspect/client"}},
	{"github.com/mmcloughlin/avo", []string{}},
}

// fasthttp is free outside engine, and below it only httpauth may import it.
const fasthttp = "github.com/valyala/fasthttp"

type pkg struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) (module string, list []pkg) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	module = strings.TrimSpace(string(out))
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...")
	cmd.Dir = "../.."
	out, err = cmd.Output()
	if err != nil {
		t.Fatalf("go list ./...: %v", err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return module, list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func matches(pattern, name string) bool {
	if base, ok := strings.CutSuffix(pattern, "..."); ok {
		return base == "" || name+"/" == base || strings.HasPrefix(name, base)
	}
	return pattern == name
}

func allowed(may []string, name string) bool {
	return slices.ContainsFunc(may, func(p string) bool { return matches(p, name) })
}

// Every package of ours imports only what the table lets it.
func TestImportTable(t *testing.T) {
	module, list := packages(t)
	if len(list) < 10 {
		t.Fatalf("go list found %d packages; the table would prove nothing", len(list))
	}
	for _, p := range list {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		i := slices.IndexFunc(table, func(r rule) bool { return matches(r.of, name) })
		if i < 0 {
			t.Errorf("%s is in no row of the import table", name)
			continue
		}
		for _, imp := range p.Imports {
			if ours, ok := strings.CutPrefix(imp, module+"/"); ok && !allowed(table[i].may, ours) {
				t.Errorf("%s imports %s, which the table does not allow", name, ours)
			}
			for _, r := range outside {
				if (imp == r.of || strings.HasPrefix(imp, r.of+"/")) && !allowed(r.may, name) {
					t.Errorf("%s imports %s, which only %v may", name, imp, r.may)
				}
			}
			if strings.HasPrefix(imp, fasthttp) && matches("engine/...", name) && name != "engine/httpauth" {
				t.Errorf("%s imports fasthttp", name)
			}
		}
	}
}

// unsafe is imported by one file at most.
func TestUnsafe(t *testing.T) {
	cmd := exec.Command("git", "grep", "-lE", `^(import )?\s*(_ )?"unsafe"`, "--", "*.go", ":!*_test.go")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 1 {
		return
	}
	if err != nil {
		t.Fatalf("git grep: %v", err)
	}
	if files := strings.Fields(string(out)); len(files) > 1 {
		t.Errorf("unsafe is imported by %d files: %v", len(files), files)
	}
}

func TestMatches(t *testing.T) {
	f := func(pattern, name string, want bool) {
		t.Helper()
		if got := matches(pattern, name); got != want {
			t.Errorf("matches(%q, %q) = %v", pattern, name, got)
		}
	}
	f("engine", "engine", true)
	f("engine", "engine/jwt", false)
	f("engine/...", "engine", true)
	f("engine/...", "engine/jwt", true)
	f("engine/...", "enginex", false)
	f("...", "gateway", true)
}
