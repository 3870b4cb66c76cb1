package gateway

import (
	"fmt"
	"strings"

	"github.com/tollgate/tollgate/gateway/policy"
)

// explain describes the decision on a request in words.
func (c *Config) explain(asked *policy.Request) string {
	if c.isEndpoint(string(asked.Path)) {
		return fmt.Sprintf("%s %s: answered by the gateway itself", asked.Method, asked.Path)
	}
	table, err := policy.New(c.Routes, nil)
	if err != nil {
		return err.Error()
	}
	m := table.Match(asked)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", asked.Method, asked.Path)
	r := m.Rule
	switch {
	case m.Ambiguous():
		b.WriteString("refused with 400: the path has more than one reading, and no route allows that")
		return b.String()
	case r == nil && m.Where() != "":
		fmt.Fprintf(&b, "refused: %s decides, and no route for it allows %s; 401 without valid credentials, 405 with", m.Where(), asked.Method)
		return b.String()
	case r == nil:
		b.WriteString("refused: no route takes the path; 401 without valid credentials, 403 with")
		return b.String()
	}
	fmt.Fprintf(&b, "routes[%d] (%s) to %s", r.Index, r.Why(), r.Upstream)
	switch {
	case r.Public:
		b.WriteString("; public, without any identity")
	case r.Optional:
		b.WriteString("; for everybody, with an identity where a valid token is there")
	case len(r.Roles)+len(r.Scopes) == 0:
		b.WriteString("; for every authenticated caller")
	}
	if len(r.Roles) > 0 {
		fmt.Fprintf(&b, "; for callers with one of the roles %s", strings.Join(r.Roles, ", "))
	}
	if len(r.Scopes) > 0 {
		fmt.Fprintf(&b, "; for tokens with all of the scopes %s", strings.Join(r.Scopes, ", "))
	}
	if len(r.ACR) > 0 {
		fmt.Fprintf(&b, "; for logins of acr %s", strings.Join(r.ACR, " or "))
	}
	if r.MaxAuthAge > 0 {
		fmt.Fprintf(&b, "; for logins of the last %v", r.MaxAuthAge)
	}
	if r.When != "" {
		fmt.Fprintf(&b, "; when %s", r.When)
	}
	if to, _ := r.AppendTarget(nil, asked.Path, asked, c.basePath(r.Upstream)); string(to) != string(asked.Path) {
		fmt.Fprintf(&b, "; forwarded as %s", to)
	}
	fmt.Fprintf(&b, "; %v to begin the answer", r.Timeout)
	if r.MaxBody > 0 {
		fmt.Fprintf(&b, ", bodies of at most %d bytes", r.MaxBody)
	}
	return b.String()
}
