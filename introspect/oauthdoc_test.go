package introspect

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Every test named in docs/oauth.md exists, and every test named after an RFC
// is in docs/oauth.md.
func TestStatementTable(t *testing.T) {
	doc, err := os.ReadFile("../docs/oauth.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, placed := map[string]bool{}, 0
	for _, m := range regexp.MustCompile("`(TestRFC\\w+)` \\|\n").FindAllSubmatch(doc, -1) {
		if rows[string(m[1])] {
			t.Errorf("%s is in two rows", m[1])
		}
		rows[string(m[1])] = true
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && regexp.MustCompile(`^TestRFC\d`).MatchString(fn.Name.Name) {
				tests[fn.Name.Name] = true
			}
		}
	}
	// The name of a test carries the first section of its row.
	row := regexp.MustCompile("\\| RFC (\\d+), (?:appendix )?([\\dA-Z.]+)[^|]* \\| `TestRFC(\\d+)_((?:\\d+_|[A-Z]_)*)")
	for _, m := range row.FindAllSubmatch(doc, -1) {
		if !bytes.Equal(m[1], m[3]) || !bytes.Equal(append(bytes.ReplaceAll(m[2], []byte("."), []byte("_")), '_'), m[4]) {
			t.Errorf("a row of RFC %s, %s, names a test of RFC %s, %s", m[1], m[2], m[3], m[4])
		}
		placed++
	}
	if placed != len(rows) {
		t.Errorf("%d of %d rows say where", placed, len(rows))
	}
	if len(rows) < 100 {
		t.Errorf("the table has %d rows", len(rows))
	}
	for name := range rows {
		if !tests[name] {
			t.Errorf("%s is in the table and not among the tests", name)
		}
	}
	for name := range tests {
		if !rows[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}
