package yamlconf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The parser recurses, and keeps the path of every node: time and memory grow
// with the square of the depth. Both bounds are far beyond any configuration.
const (
	maxFile  = 256 << 10
	maxDepth = 64 // of brackets, and of what can nest on one line
)

// Checker is a configuration that can tell whether its values make sense
// together.
type Checker interface{ Check() error }

// Load reads the file at path into the struct that into points to, and checks
// it. Its errors are of type Errors, or the operating system's where the file
// cannot be read.
func Load(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return Parse(path, data, into)
}

// Parse is Load of a file called name that holds data.
func Parse(name string, data []byte, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("BUG: yamlconf reads into a pointer to a struct, not %T", into))
	}
	d := decoder{file: name, lines: map[string]int{}}
	if body := d.parse(data); body != nil {
		d.structure(body, v.Elem(), "")
	}
	if len(d.errs) > 0 {
		return d.sorted()
	}
	d.zeros(v.Elem())
	if c, ok := into.(Checker); ok {
		d.check(c.Check())
	}
	return d.sorted()
}

// Warner is a configuration that knows what in it can be and is hardly meant.
type Warner interface{ Warnings() []error }

// Warnings are what the good configuration in the file at path warns of, each
// under its line. It reads the file into into.
func Warnings(path string, into Warner) (Errors, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d := decoder{file: path, lines: map[string]int{}}
	if body := d.parse(data); body != nil {
		d.structure(body, reflect.ValueOf(into).Elem(), "")
	}
	if len(d.errs) > 0 {
		return nil, d.sorted()
	}
	d.check(errors.Join(into.Warnings()...))
	d.sorted()
	return d.errs, nil
}

// parse returns the root of the document, or nil where it is empty or cannot
// be parsed.
func (d *decoder) parse(data []byte) (body ast.Node) {
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		d.errorf(1, "the file begins with a byte order mark, which YAML files need not: save it as UTF-8 without one")
		return nil
	}
	if len(data) > maxFile {
		d.errorf(1, "the file is larger than %d KiB", maxFile>>10)
		return nil
	}
	// The parser is not ours and reads whatever the file holds.
	defer func() {
		if r := recover(); r != nil {
			d.errorf(1, "not YAML that can be read (%v)", r)
			body = nil
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if line := tooDeep(tokens); line > 0 {
		d.errorf(line, "nested more than %d deep", maxDepth)
		return nil
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		line, message := 1, err.Error()
		if y := yaml.Error(nil); errors.As(err, &y) {
			message = y.GetMessage()
			if t := y.GetToken(); t != nil {
				line = t.Position.Line
			}
		}
		d.errorf(line, "%s", message)
		return nil
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			d.errorf(line(doc.Body), "a second document; a configuration is one")
			return nil
		}
		body = doc.Body
	}
	return body
}

// tooDeep returns the first line on which values nest too deep, or 0. Blocks
// that nest by indentation need no bound of their own: depth n takes n*n/2
// bytes.
func tooDeep(tokens token.Tokens) int {
	brackets, line, onLine := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, onLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			brackets++
		case token.MappingEndType, token.SequenceEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType, token.AliasType:
			onLine++
		}
		if brackets > maxDepth || onLine > maxDepth {
			return line
		}
	}
	return 0
}

// Known counts the top-level keys of data that into has a field for. It tells
// which of several structs a file is meant for.
func Known(data []byte, into any) int {
	d := decoder{lines: map[string]int{}}
	known := keys(fields(reflect.ValueOf(into).Elem()))
	body := d.parse(data)
	if body == nil {
		return 0
	}
	n := 0
	for key := range d.mapping(body, "") {
		if slices.Contains(known, key.Value) {
			n++
		}
	}
	return n
}
