package yamlconf

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

var duration = reflect.TypeFor[time.Duration]()

// scalar reads n, which holds a single value, into v.
func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	if v.Type() == duration {
		d.duration(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.String:
		if s, ok := text(n); ok {
			v.SetString(s)
			return
		}
		d.expected(n, path, "text")
	case reflect.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
			return
		}
		d.expected(n, path, "true or false")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.integer(n, v, path)
	case reflect.Float32, reflect.Float64:
		switch n := n.(type) {
		case *ast.FloatNode:
			v.SetFloat(n.Value)
		case *ast.IntegerNode:
			f, _ := strconv.ParseFloat(fmt.Sprint(n.Value), 64)
			v.SetFloat(f)
		default:
			d.expected(n, path, "a number")
		}
	default:
		panic(fmt.Sprintf("BUG: yamlconf cannot read %s into a %s", path, v.Type()))
	}
}

func (d *decoder) duration(n ast.Node, v reflect.Value, path string) {
	const want = "a duration such as 10s, 1m30s or 24h"
	if i, ok := whole(n); ok && i == 0 {
		v.SetInt(0)
		return
	}
	if s, ok := text(n); ok {
		if t, err := time.ParseDuration(s); err == nil {
			v.SetInt(int64(t))
			return
		}
	}
	d.expected(n, path, want)
}

// integer reads a plain integer or a size.
func (d *decoder) integer(n ast.Node, v reflect.Value, path string) {
	i, ok := whole(n)
	if s, isText := text(n); isText {
		if i, ok = size(s); !ok {
			d.expected(n, path, "an integer, or a size such as 512KiB, 16MiB or 1GiB")
			return
		}
	}
	if !ok {
		d.expected(n, path, "an integer")
		return
	}
	if v.CanInt() && !v.OverflowInt(i) {
		v.SetInt(i)
		return
	}
	if v.CanUint() && i >= 0 && !v.OverflowUint(uint64(i)) {
		v.SetUint(uint64(i))
		return
	}
	d.expected(n, path, "a smaller number, or one that is not negative")
}

// text reads a type that knows how to read itself. One that also reads numbers and
// truth values gets them as they are written.
func (d *decoder) text(n ast.Node, v reflect.Value, path string) {
	s, ok := text(n)
	switch n.(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		if v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.GetToken().Value)) == nil {
			return
		}
	}
	if !ok {
		d.expected(n, path, "text")
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
		d.errorf(line(n), "%s: %v", path, err)
	}
}

func text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// whole is the value of an integer that fits an int64.
func whole(n ast.Node) (int64, bool) {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	switch x := i.Value.(type) {
	case int64:
		return x, true
	case uint64:
		return int64(x), x <= math.MaxInt64
	}
	return 0, false
}

var units = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}

// size reads an integer with a binary unit (IEC 80000-13).
func size(s string) (int64, bool) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		i, err := strconv.ParseUint(strings.TrimSuffix(digits, " "), 10, 32)
		return int64(i) * u.bytes, err == nil
	}
	return 0, false
}
