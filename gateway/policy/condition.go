package policy

import (
	"errors"
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// Bounds of a condition: how long its text may be, and how much work one
// evaluation may be, in CEL's units of roughly one operation each.
const (
	maxCondition  = 4 << 10
	conditionCost = 20_000
)

// A condition is the expression of a route's when, compiled. It is safe for
// concurrent use.
type condition struct {
	program cel.Program
	claims  bool // it refers to the caller's claims
}

// conditions is the environment of all conditions: what they may refer to, each
// with its type, so that a name that is not there is an error when they are read.
var conditions = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("claims", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("request.method", cel.StringType),
		cel.Variable("request.host", cel.StringType),
		cel.Variable("request.path", cel.StringType),
		cel.Variable("request.query", cel.StringType),
		cel.Variable("request.headers", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("source.ip", cel.StringType),
		cel.ParserExpressionSizeLimit(maxCondition),
		cel.ParserRecursionLimit(100),
		ext.Strings(),
		ext.Network(),
	)
})

// newCondition compiles an expression, which has to be of type bool.
func newCondition(source string) (*condition, error) {
	env, err := conditions()
	if err != nil {
		return nil, err
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		var all []error
		for _, e := range issues.Errors() {
			all = append(all, fmt.Errorf("%s, at line %d, column %d of the expression", e.Message, e.Location.Line(), e.Location.Column()+1))
		}
		return nil, all[0] // what follows is often caused by it
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("want an expression that is true or false, this is of type %s", t)
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(conditionCost))
	if err != nil {
		return nil, err
	}
	c := &condition{program: program}
	for _, r := range ast.NativeRep().ReferenceMap() {
		c.claims = c.claims || r.Name == "claims"
	}
	return c, nil
}

var errNotBool = errors.New("the value is neither true nor false")

// holds evaluates the condition for a request and its caller's claims. An error,
// such as a claim that is not there, means that it does not hold.
func (c *condition) holds(r *Request, doc document) (bool, error) {
	v, _, err := c.program.Eval(&activation{*r, doc}) // a copy: r stays where the caller has it
	if err != nil {
		return false, err
	}
	b, ok := v.(types.Bool)
	if !ok {
		return false, errNotBool
	}
	return bool(b), nil
}

// An activation resolves the names that conditions refer to, each when it is
// needed.
type activation struct {
	request Request
	claims  document
}

func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case "claims":
		return map[string]any(a.claims), true
	case "request.method":
		return string(a.request.Method), true
	case "request.host":
		var buf [maxHost]byte
		return string(hostName(buf[:0], a.request.Host)), true
	case "request.path":
		return string(a.request.Path), true
	case "request.query":
		return string(a.request.Query), true
	case "request.headers":
		return a.headers(), true
	case "source.ip":
		return a.request.Source.String(), true
	}
	return nil, false
}

func (a *activation) Parent() cel.Activation { return nil }

// headers are the fields of the request by their names in lower case, the
// values of a repeated one with commas between (RFC 9110, section 5.3).
func (a *activation) headers() map[string]string {
	m := map[string]string{}
	if a.request.Headers == nil {
		return m
	}
	for name, value := range a.request.Headers.All() {
		key := string(lower(nil, name))
		if before, ok := m[key]; ok {
			m[key] = before + ", " + string(value)
		} else {
			m[key] = string(value)
		}
	}
	return m
}

func lower(dst, s []byte) []byte {
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
