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
	rules    []*Rule
	anyHost  paths
	byHost   map[string]*paths // by the whole name
	byDomain map[string]*paths // by what follows "*."
	cors     []*CORS           // of all routes that have any
}

// New makes routes ready. The error names the key that is wrong. Rates that
// callers have used up with the same routes of last, which may be nil, are used
// up here too, so that a reload gives nobody a second burst.
func New(routes []Route, last *Table) (*Table, error) {
	t := &Table{byHost: map[string]*paths{}, byDomain: map[string]*paths{}}
	before := map[string]*Rule{}
	if last != nil {
		for _, r := range last.rules {
			before[r.identity()] = r
		}
	}
	for i := range routes {
		rule, err := newRule(&routes[i], i, before[routes[i].identity()])
		if err == nil {
			err = t.paths(rule.Host).add(rule)
		}
		if err != nil {
			return nil, fmt.Errorf("routes[%d]%w", i, err)
		}
		t.rules = append(t.rules, rule)
		if rule.cors != nil {
			t.cors = append(t.cors, rule.cors)
		}
	}
	for _, of := range []map[string]*paths{{"": &t.anyHost}, t.byHost, t.byDomain} {
		for _, p := range of {
			if err := p.checkReachable(); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// paths are the routes for a host of the configuration.
func (t *Table) paths(host string) *paths {
	if host == "" {
		return &t.anyHost
	}
	of, name := t.byHost, strings.ToLower(host)
	if domain, ok := strings.CutPrefix(name, "*."); ok {
		of, name = t.byDomain, domain
	}
	if of[name] == nil {
		of[name] = &paths{}
	}
	return of[name]
}

// Rules are the routes in the order of the configuration. The caller must not
// change them.
func (t *Table) Rules() []*Rule { return t.rules }

// HasHosts reports whether a route is for certain hosts: a request without one
// cannot be decided on then.
func (t *Table) HasHosts() bool { return len(t.byHost)+len(t.byDomain) > 0 }

// HasCORS reports whether a route has CORS: the fields Origin and
// Access-Control-Request-… matter only then.
func (t *Table) HasCORS() bool { return len(t.cors) > 0 }

// Match finds the rule for a request. The routes for its host are looked at
// first, then those for the domains above it, then those for every host. Among
// the routes of a host the path decides, and the methods of what it finds are
// the last word: what is less exact never lets pass what is more exact does not.
func (t *Table) Match(r *Request) Match {
	n := t.find(r.Host, r.Path)
	if n != nil && r.Preflight() {
		if rule := n.shared(r.RequestMethod); rule != nil {
			return Match{Rule: rule, node: n, preflight: true}
		}
	}
	if r.Needs != 0 {
		return t.matchLenient(r, n)
	}
	if n == nil {
		return Match{}
	}
	if rule := n.rule(r.Method); rule != nil {
		return Match{Rule: rule}
	}
	return Match{node: n}
}

// matchLenient is Match for a path with more than one reading. Its route has to
// allow that, and where the other reading is another route's, that one has to
// let the caller pass too: /files/x%2fadmin does not go around /files/x/admin.
func (t *Table) matchLenient(r *Request, n *node) Match {
	if n == nil {
		return Match{ambiguous: true}
	}
	rule := n.rule(r.Method)
	if rule == nil || r.Needs&^rule.allows != 0 {
		return Match{ambiguous: true}
	}
	m := Match{Rule: rule}
	if other := t.find(r.Host, otherReading(r.Path, r.Needs)); other != nil && other != n {
		if m.also = other.rule(r.Method); m.also == nil {
			return Match{ambiguous: true}
		}
	}
	return m
}

func (t *Table) find(host, path []byte) *node {
	if t.HasHosts() {
		var buf [maxHost]byte
		name := hostName(buf[:0], host)
		if p := t.byHost[string(name)]; p != nil {
			if n := p.find(path); n != nil {
				return n
			}
		}
		for dot := bytes.IndexByte(name, '.'); dot >= 0 && len(t.byDomain) > 0; dot = bytes.IndexByte(name, '.') {
			name = name[dot+1:]
			if p := t.byDomain[string(name)]; p != nil {
				if n := p.find(path); n != nil {
					return n
				}
			}
		}
	}
	return t.anyHost.find(path)
}

// maxHost is the longest name of a host (RFC 1035, section 2.3.4).
const maxHost = 253

// hostName appends the name in a Host field to dst: in lower case, without the
// port and the dot that ends a full name. A name that is too long is none.
func hostName(dst, host []byte) []byte {
	if i := bytes.LastIndexByte(host, ':'); i >= 0 && bytes.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	if n := len(host); n > 0 && host[n-1] == '.' {
		host = host[:n-1]
	}
	if len(host) > maxHost {
		return dst
	}
	for _, c := range host {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// A node is what routes are given for, a path, a prefix or a regex of a host:
// one route for each method, and at most one for the methods that no other names.
type node struct {
	rules  []*Rule
	where  string
	allow  string // the methods, as in an Allow field
	caller Caller // what the least strict of the routes needs
}

func (n *node) add(rule *Rule) error {
	for _, other := range n.rules {
		if len(rule.Methods) == 0 && len(other.Methods) == 0 {
			return fmt.Errorf(": %s without methods is also in routes[%d]", rule.Where(), other.Index)
		}
		for _, m := range rule.Methods {
			if slices.Contains(other.Methods, m) {
				return fmt.Errorf(": %s %s is also in routes[%d]", m, rule.Where(), other.Index)
			}
		}
	}
	if len(n.rules) == 0 || rule.caller() < n.caller {
		n.caller = rule.caller()
	}
	n.rules = append(n.rules, rule)
	n.where = rule.Where()
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

// shared is the route with CORS that a preflight for a method asks about.
func (n *node) shared(method []byte) *Rule {
	if r := n.rule(method); r != nil && r.cors != nil {
		return r
	}
	for _, r := range n.rules {
		if r.cors != nil {
			return r
		}
	}
	return nil
}

// cors is that of the first route that has any.
func (n *node) cors() *CORS {
	if r := n.shared(nil); r != nil {
		return r.cors
	}
	return nil
}
