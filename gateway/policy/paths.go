package policy

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// paths are the routes of one host, by path.
type paths struct {
	exact   map[string]*node
	levels  map[string]*level // by prefix, without the slash at its end
	longest int               // of the prefixes, in bytes
}

// A level is what there is for a prefix: regexes, in the order of the
// configuration, and the prefix itself.
type level struct {
	regexes []*pattern
	prefix  *node
}

type pattern struct {
	source string
	regexp *regexp.Regexp
	node   *node
}

func (p *paths) add(rule *Rule) error {
	switch {
	case rule.Path != "":
		if p.exact == nil {
			p.exact = map[string]*node{}
		}
		if p.exact[rule.Path] == nil {
			p.exact[rule.Path] = &node{}
		}
		return p.exact[rule.Path].add(rule)
	case rule.Regex != "":
		return p.addRegex(rule)
	}
	l := p.level(strings.TrimRight(rule.Prefix, "/"))
	if l.prefix == nil {
		l.prefix = &node{}
	}
	return l.prefix.add(rule)
}

func (p *paths) addRegex(rule *Rule) error {
	beginning, err := regexBeginning(rule.Regex)
	if err != nil {
		return fmt.Errorf(".regex: %w", err)
	}
	l := p.level(beginning)
	for _, x := range l.regexes {
		if x.source == rule.Regex {
			return x.node.add(rule)
		}
	}
	re, err := wholePath(rule.Regex)
	if err != nil {
		return fmt.Errorf(".regex: %w", err)
	}
	x := &pattern{rule.Regex, re, &node{}}
	l.regexes = append(l.regexes, x)
	return x.node.add(rule)
}

func (p *paths) level(prefix string) *level {
	if p.levels == nil {
		p.levels = map[string]*level{}
	}
	if p.levels[prefix] == nil {
		p.levels[prefix] = &level{}
		p.longest = max(p.longest, len(prefix))
	}
	return p.levels[prefix]
}

// wholePath compiles a regex that has to match all of a path.
func wholePath(source string) (*regexp.Regexp, error) {
	return regexp.Compile(`\A(?:` + source + `)\z`)
}

// regexBeginning is the prefix that a regex is filed under: no path that it
// matches has another.
func regexBeginning(source string) (string, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return "", err
	}
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	var text strings.Builder
	for _, part := range parts {
		if part.Op == syntax.OpBeginText {
			continue
		}
		if part.Op != syntax.OpLiteral || part.Flags&syntax.FoldCase != 0 {
			break
		}
		text.WriteString(string(part.Rune))
	}
	beginning := text.String()
	return beginning[:max(strings.LastIndexByte(beginning, '/'), 0)], nil
}

// find returns the node that decides on a path: the exact path, or else of the
// longest beginning that ends where a segment ends the first regex that
// matches, or the prefix.
func (p *paths) find(path []byte) *node {
	if n := p.exact[string(path)]; n != nil {
		return n
	}
	for at := path; ; {
		if len(at) <= p.longest {
			if l := p.levels[string(at)]; l != nil {
				for _, x := range l.regexes {
					if x.regexp.Match(path) {
						return x.node
					}
				}
				if l.prefix != nil {
					return l.prefix
				}
			}
		}
		i := bytes.LastIndexByte(at, '/')
		if i < 0 {
			return nil
		}
		at = at[:i]
	}
}
