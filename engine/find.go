package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/engine/jwt"
)

// find is the issuer of t, whose payload was scanned, or the reason that there is
// none. A token that has no iss is the issuer's whose trust domain its sub names.
func (e *Engine) find(t *jwt.Token) (*issuer, error) {
	name := t.Issuer()
	if len(name) == 0 {
		for _, i := range e.domains {
			if inDomain(t.Subject(), i.domain) {
				return i, nil
			}
		}
		return nil, ErrMissingClaim
	}
	switch {
	case e.any != nil:
		return e.any, nil
	case e.first != nil && e.first.name == string(name):
		return e.first, nil
	}
	if i := e.issuers[string(name)]; i != nil {
		return i, nil
	}
	for _, i := range e.patterns {
		if i.pattern.matches(name) {
			return i, nil
		}
	}
	return nil, ErrIssuer
}

const spiffeScheme = "spiffe://"

// anyDomain is the domain of an issuer that stands for all.
const anyDomain = spiffeScheme + "*"

// inDomain reports whether subject is domain, which is spiffe:// and a name, or a
// path below it.
func inDomain[T string | []byte](subject T, domain string) bool {
	if domain == anyDomain {
		return len(subject) > len(spiffeScheme) && string(subject[:len(spiffeScheme)]) == spiffeScheme
	}
	return len(subject) >= len(domain) && string(subject[:len(domain)]) == domain &&
		(len(subject) == len(domain) || subject[len(domain)] == '/')
}

// A pattern is an issuer's name with parts in braces, taken apart: text, place,
// text, …, place, text.
type pattern struct {
	text  []string
	bound []*jwt.Rule // of each place
}

// newPattern makes a pattern of name, or nil where it has no braces. Each place
// has to be bound by the rule of its name.
func newPattern(name string, rules map[string][]string) (*pattern, error) {
	if !strings.ContainsAny(name, "{}") {
		return nil, nil
	}
	p := new(pattern)
	for rest := name; ; {
		before, after, found := strings.Cut(rest, "{")
		p.text = append(p.text, before)
		if !found {
			break
		}
		place, tail, closed := strings.Cut(after, "}")
		if !closed || place == "" || strings.ContainsAny(before+place, "{}") {
			return nil, fmt.Errorf("braces of the name do not pair")
		}
		if len(p.text) > 1 && before == "" {
			return nil, fmt.Errorf("two places of the name touch")
		}
		values, ok := rules[place]
		if !ok {
			return nil, fmt.Errorf("{%s} of the name needs a rule of require called %s: without one, everybody who can have such an issuer made would pass", place, place)
		}
		rule, err := jwt.NewRule(place, values)
		if err != nil {
			return nil, err
		}
		p.bound = append(p.bound, rule)
		rest = tail
	}
	if strings.Contains(strings.Join(p.text, ""), "}") {
		return nil, fmt.Errorf("braces of the name do not pair")
	}
	return p, nil
}

// parts are what stands in name at the places, nil where name is not of p.
func (p *pattern) parts(name []byte) [][]byte {
	rest, ok := bytes.CutPrefix(name, []byte(p.text[0]))
	if !ok {
		return nil
	}
	var parts [][]byte
	for i, text := range p.text[1:] {
		end := len(rest)
		if last := i == len(p.bound)-1; last {
			if end -= len(text); end < 0 || string(rest[end:]) != text {
				return nil
			}
		} else if end = bytes.Index(rest, []byte(text)); end < 0 {
			return nil
		}
		if end == 0 || bytes.IndexByte(rest[:end], '/') >= 0 {
			return nil
		}
		parts = append(parts, rest[:end])
		rest = rest[end+len(text):]
	}
	return parts
}

// matches reports whether name is of p, with what the rules allow at each place.
func (p *pattern) matches(name []byte) bool {
	parts := p.parts(name)
	for i, part := range parts {
		if !p.bound[i].Allows(part) {
			return false
		}
	}
	return parts != nil
}

// binds reports whether the rule called name bounds a place of p.
func (p *pattern) binds(name string) bool {
	return p != nil && slices.ContainsFunc(p.bound, func(r *jwt.Rule) bool { return r.Claim() == name })
}

// agrees reports whether the claims of t that are called as places of p are what
// stands there in its iss.
func (p *pattern) agrees(t *jwt.Token) bool {
	for i, part := range p.parts(t.Issuer()) {
		if said, ok := t.Text(p.bound[i].Claim()); ok && said != string(part) {
			return false
		}
	}
	return true
}
