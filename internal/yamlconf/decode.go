package yamlconf

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// decoder walks a parsed document and the type it is read into side by side.
// It goes on after a mistake, so that all of them are told at once.
type decoder struct {
	file  string
	lines map[string]int // the line of each value by its path, "routes[2].prefix"
	errs  Errors
}

func line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

// structure reads a mapping into the struct v.
func (d *decoder) structure(n ast.Node, v reflect.Value, path string) {
	known := fields(v)
	for key, value := range d.mapping(n, path) {
		name := key.Value
		i := slices.Index(keys(known), name)
		if i < 0 {
			where := ""
			if path != "" {
				where = " in " + path
			}
			d.errorf(line(key), "unknown key %q%s; the nearest known key is %q", name, where, Nearest(name, keys(known)))
			continue
		}
		d.lines[join(path, name)] = line(key)
		d.value(value, known[i].value, join(path, name))
	}
}

// mapping yields the pairs of n, which has to be a mapping of plain keys.
func (d *decoder) mapping(n ast.Node, path string) func(yield func(*ast.StringNode, ast.Node) bool) {
	return func(yield func(*ast.StringNode, ast.Node) bool) {
		var pairs []*ast.MappingValueNode
		switch n := n.(type) {
		case *ast.MappingNode:
			pairs = n.Values
		case *ast.MappingValueNode:
			pairs = []*ast.MappingValueNode{n}
		default:
			d.expected(n, path, "a mapping of keys to values")
			return
		}
		for _, p := range pairs {
			key, ok := p.Key.(*ast.StringNode)
			if !ok {
				d.errorf(line(p.Key), "a key has to be plain text, not %s", describe(p.Key))
				continue
			}
			if !yield(key, p.Value) {
				return
			}
		}
	}
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// value reads n into v, which is settable.
func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
		return
	}
	if v.Addr().Type().Implements(textUnmarshaler) {
		// A list that reads one text may also be given as a list.
		if _, several := n.(*ast.SequenceNode); !several || v.Kind() != reflect.Slice {
			d.text(n, v, path)
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	case reflect.Map:
		d.dictionary(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) list(n ast.Node, v reflect.Value, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.expected(n, path, "a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		at := path + "[" + strconv.Itoa(i) + "]"
		d.lines[at] = line(item)
		d.value(item, v.Index(i), at)
	}
}

func (d *decoder) dictionary(n ast.Node, v reflect.Value, path string) {
	if v.Type().Key().Kind() != reflect.String {
		panic(fmt.Sprintf("BUG: yamlconf reads maps with string keys, not %s", v.Type()))
	}
	v.Set(reflect.MakeMap(v.Type()))
	for key, value := range d.mapping(n, path) {
		d.lines[join(path, key.Value)] = line(key)
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(value, item, join(path, key.Value))
		v.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), item)
	}
}

func (d *decoder) expected(n ast.Node, path, what string) {
	if path == "" {
		path = "the file"
	}
	d.errorf(line(n), "%s: expected %s, found %s", path, what, describe(n))
}

// describe names what stands in the file in a reader's words. It does not
// repeat long values, and so no secret that was put in the wrong place.
func describe(n ast.Node) string {
	switch n := n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode:
		if len(n.Value) > 24 {
			return "text"
		}
		return "the text " + strconv.Quote(n.Value)
	case *ast.LiteralNode:
		return "a block of text"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor, alias or merge, which are not read here"
	case *ast.TagNode:
		return "a tag, which is not read here"
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value
	}
	return "something else"
}
