package policy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A Table finds the rule of a request. Its cost does not grow with the number
// of routes: one lookup in a map for each segment of the path.
type Table struct {
	rules   []*Rule
	byPath  map[string]*node // by prefix, without the slash at its end
	longest int              // of the prefixes, in bytes
}

// New makes routes ready. The error names the key that is wrong.
func New(routes []Route) (*Table, error) {
	t := &Table{byPath: map[string]*node{}}
	for i := range routes {
		rule := newRule(&routes[i], i)
		t.rules = append(t.rules, rule)
		path := strings.TrimRight(rule.Prefix, "/")
		n := t.byPath[path]
		if n == nil {
			n = &node{}
			t.byPath[path] = n
			t.longest = max(t.longest, len(path))
		}
		if err := n.add(rule); err != nil {
			return nil, fmt.Errorf("routes[%d]: %w", i, err)
		}
	}
	return t, nil
}

// Rules are the routes in the order of the configuration. The caller must not
// change them.
func (t *Table) Rules() []*Rule { return t.rules }

// Match finds the rule for a request. The longest prefix that ends where a
// segment ends decides, and its methods are the last word: a shorter prefix
// never lets pass what a longer one does not.
func (t *Table) Match(r *Request) Match {
	n, path := t.find(r.Path)
	if n == nil {
		return Match{}
	}
	if rule := n.rule(r.Method); rule != nil {
		return Match{Rule: rule}
	}
	return Match{path: path, allow: n.allow, public: n.public}
}

// find returns the node that decides on a path, and the part of the path that
// led to it.
func (t *Table) find(path []byte) (*node, []byte) {
	for p := path; ; {
		if len(p) <= t.longest {
			if n := t.byPath[string(p)]; n != nil {
				return n, p
			}
		}
		i := bytes.LastIndexByte(p, '/')
		if i < 0 {
			return nil, nil
		}
		p = p[:i]
	}
}

// A node is what routes are given for: a path with one route for each method,
// and at most one for the methods that no other names.
type node struct {
	rules  []*Rule
	allow  string // their methods, as in an Allow field
	public bool   // one of the routes is public
}

func (n *node) add(rule *Rule) error {
	for _, other := range n.rules {
		if len(rule.Methods) == 0 && len(other.Methods) == 0 {
			return fmt.Errorf("%s without methods is also in routes[%d]", rule.Prefix, other.Index)
		}
		for _, m := range rule.Methods {
			if slices.Contains(other.Methods, m) {
				return fmt.Errorf("%s %s is also in routes[%d]", m, rule.Prefix, other.Index)
			}
		}
	}
	n.rules = append(n.rules, rule)
	n.public = n.public || rule.Public
	var methods []string
	for _, r := range n.rules {
		methods = append(methods, r.Methods...)
	}
	if slices.Contains(methods, "GET") {
		methods = append(methods, "HEAD")
	}
	slices.Sort(methods)
	n.allow = strings.Join(slices.Compact(methods), ", ")
	return nil
}

// rule is the route for a method: the one that names it, for HEAD the one that
// names GET, or the one that names no methods.
func (n *node) rule(method []byte) *Rule {
	var open, get *Rule
	head := string(method) == "HEAD"
	for _, r := range n.rules {
		if len(r.Methods) == 0 {
			open = r
		}
		for _, m := range r.Methods {
			if string(method) == m {
				return r
			}
			if head && m == "GET" {
				get = r
			}
		}
	}
	if get != nil {
		return get
	}
	return open
}
