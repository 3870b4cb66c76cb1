package gateway

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tollgate/tollgate/gateway/policy"
)

// explain describes the decision on a method and a path in words.
func (c *Config) explain(method, path string) string {
	if (*Gateway)(nil).local([]byte(path)) != nil {
		return fmt.Sprintf("%s %s: answered by the gateway itself", method, path)
	}
	table, err := policy.New(c.Routes)
	if err != nil {
		return err.Error()
	}
	m := table.Match(&policy.Request{Method: []byte(method), Path: []byte(path)})
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", method, path)
	r := m.Rule
	if r == nil {
		if m.Path() != nil {
			fmt.Fprintf(&b, "refused: the longest prefix that matches is %s, and no route for it allows %s; 401 without valid credentials, 405 with",
				cmp.Or(string(m.Path()), "/"), method)
		} else {
			b.WriteString("refused: no prefix matches; 401 without valid credentials, 403 with")
		}
		return b.String()
	}
	fmt.Fprintf(&b, "routes[%d] (prefix %s, the longest that matches) to %s", r.Index, r.Prefix, r.Upstream)
	switch {
	case r.Public:
		b.WriteString("; public, without any identity")
	case len(r.Roles)+len(r.Scopes) == 0:
		b.WriteString("; for every authenticated caller")
	}
	if len(r.Roles) > 0 {
		fmt.Fprintf(&b, "; for callers with one of the roles %s", strings.Join(r.Roles, ", "))
	}
	if len(r.Scopes) > 0 {
		fmt.Fprintf(&b, "; for tokens with all of the scopes %s", strings.Join(r.Scopes, ", "))
	}
	fmt.Fprintf(&b, "; %v to begin the answer", r.Timeout)
	if r.MaxBody > 0 {
		fmt.Fprintf(&b, ", bodies of at most %d bytes", r.MaxBody)
	}
	return b.String()
}
