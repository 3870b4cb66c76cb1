package gateway

import (
	"cmp"
	"fmt"
	"strings"
)

// explain describes the decision on a method and a path in words.
func (c *Config) explain(method, path string) string {
	if (*Gateway)(nil).local([]byte(path)) != nil {
		return fmt.Sprintf("%s %s: answered by the gateway itself", method, path)
	}
	table := newRoutes()
	index := map[*route]int{}
	for i := range c.Routes {
		r := newRoute(&c.Routes[i], nil)
		table.add(r)
		index[r] = i
	}
	r := table.match([]byte(method), []byte(path))
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", method, path)
	if r == nil {
		if prefix, ok := table.longestPrefix(path); ok {
			fmt.Fprintf(&b, "refused: the longest prefix that matches is %s, and no route for it allows %s", prefix, method)
		} else {
			b.WriteString("refused: no prefix matches")
		}
		b.WriteString("; 401 without valid credentials, 403 with")
		return b.String()
	}
	conf := &c.Routes[index[r]]
	fmt.Fprintf(&b, "routes[%d] (prefix %s, the longest that matches) to %s", index[r], conf.Prefix, conf.Upstream)
	switch {
	case r.public:
		b.WriteString("; public, without any identity")
	case len(r.roles)+len(r.scopes) == 0:
		b.WriteString("; for every authenticated caller")
	}
	if len(r.roles) > 0 {
		fmt.Fprintf(&b, "; for callers with one of the roles %s", strings.Join(r.roles, ", "))
	}
	if len(r.scopes) > 0 {
		fmt.Fprintf(&b, "; for tokens with all of the scopes %s", strings.Join(r.scopes, ", "))
	}
	fmt.Fprintf(&b, "; %v to begin the answer", conf.Timeout)
	if conf.MaxBody > 0 {
		fmt.Fprintf(&b, ", bodies of at most %d bytes", conf.MaxBody)
	}
	return b.String()
}

// longestPrefix is the prefix that decides on path.
func (t *routes) longestPrefix(path string) (string, bool) {
	for p := path; ; {
		if _, ok := t.byPrefix[p]; ok {
			return cmp.Or(p, "/"), true
		}
		i := strings.LastIndexByte(p, '/')
		if i < 0 {
			return "", false
		}
		p = p[:i]
	}
}
