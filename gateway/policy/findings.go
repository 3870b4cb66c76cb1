package policy

import (
	"fmt"
	"regexp"
	"strings"
)

// A Finding is something in a configuration that can be, and is hardly meant.
type Finding struct {
	Key  string // what it is about, "routes[1].prefix"
	Text string
}

// Findings are what a reader of the routes would ask about: protected paths whose
// other spellings are another route's that lets more callers pass.
func (t *Table) Findings() []Finding {
	var found []Finding
	for _, rule := range t.rules {
		if f, ok := t.otherSpellings(rule); ok {
			found = append(found, f)
		}
	}
	return found
}

// otherSpellings looks for spellings of a rule's path that some services take
// for the same, and that lead to a less strict rule here. Those that a route has
// to allow (%3f, ";", "//") are not among them: Match holds them to both rules.
func (t *Table) otherSpellings(rule *Rule) (Finding, bool) {
	key, path := "prefix", strings.TrimRight(rule.Prefix, "/")
	if rule.Path != "" {
		key, path = "path", rule.Path
	}
	if rule.Regex != "" || path == "" || rule.caller() == CallerIgnored {
		return Finding{}, false
	}
	var spellings []string
	var to *Rule
	try := func(spelling string) {
		m := t.Match(&Request{Method: []byte(rule.method()), Host: []byte(rule.Host), Path: []byte(spelling)})
		if m.Rule != nil && m.Rule.caller() < rule.caller() {
			spellings, to = append(spellings, spelling), m.Rule
		}
	}
	if upper := strings.ToUpper(path); upper != path {
		try(upper)
	}
	try(path + ".")
	if rule.Path != "" && !strings.HasSuffix(path, "/") {
		try(path + "/")
	}
	if len(spellings) == 0 {
		return Finding{}, false
	}
	return Finding{
		Key: fmt.Sprintf("routes[%d].%s", rule.Index, key),
		Text: fmt.Sprintf("%s are other paths than %s here, and go to routes[%d], which needs no caller; a service behind may take them for the same. "+
			"Where it does, let routes[%d] take them too: regex: '(?i)%s[.]*(/.*)?'", strings.Join(spellings, ", "), path, to.Index, rule.Index, regexp.QuoteMeta(path)),
	}, true
}

// method is one that the rule takes.
func (r *Rule) method() string {
	if len(r.Methods) > 0 {
		return r.Methods[0]
	}
	return "GET"
}

// checkReachable reports a regex that is never tried, because one before it takes
// every path below the same prefix.
func (p *paths) checkReachable() error {
	for prefix, l := range p.levels {
		for i, x := range l.regexes {
			if !takesAll(x.source, prefix) || i+1 == len(l.regexes) {
				continue
			}
			never := l.regexes[i+1].node.rules[0]
			return fmt.Errorf("routes[%d].regex: can never be reached: routes[%d] takes every path that begins with %s/, and comes before it", never.Index, x.node.rules[0].Index, prefix)
		}
	}
	return nil
}

// takesAll reports whether a regex takes every path below the prefix that it is
// filed under.
func takesAll(source, prefix string) bool {
	source = strings.TrimSuffix(strings.TrimPrefix(source, "^"), "$")
	return source == regexp.QuoteMeta(prefix)+"/.*" || source == regexp.QuoteMeta(prefix)+"/.+" || prefix == "" && source == ".*"
}
