package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/tollgate/tollgate/loadtest"
)

// foreign reads --target and --tokens.
func (f *loadtestFlags) foreign() ([]loadtest.Target, error) {
	var targets []loadtest.Target
	at := map[string]int{}
	for _, arg := range f.targets {
		name, url := named(arg, "target")
		if _, twice := at[name]; twice {
			return nil, usagef("two targets are called %q; name them, as in --target new=https://…", name)
		}
		at[name] = len(targets)
		targets = append(targets, loadtest.Target{Name: name, URL: url})
	}
	for _, arg := range f.tokens {
		name, path := named(arg, "")
		tokens, err := readTokens(path)
		if err != nil {
			return nil, err
		}
		i, known := at[name]
		if name != "" && !known {
			return nil, usagef("--tokens %s: no target is called %q", arg, name)
		}
		for k := range targets {
			if name == "" || k == i {
				targets[k].Tokens = tokens
			}
		}
	}
	if len(f.tokens) > 0 && len(targets) == 0 {
		return nil, usagef("--tokens without --target: the laboratory's own gateways get tokens of their own")
	}
	return targets, nil
}

// named splits NAME=VALUE; a value alone has the default name. What could be
// part of a URL or a path is no name.
func named(arg, standard string) (name, value string) {
	name, value, ok := strings.Cut(arg, "=")
	if !ok || strings.ContainsAny(name, ":/.") {
		return standard, arg
	}
	return name, value
}

// readTokens reads a token a line. What is wrong with a line is told by its
// number, never by its content.
func readTokens(path string) ([][]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading tokens: %w", err)
	}
	var tokens [][]byte
	n := 0
	for line := range bytes.Lines(b) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if bytes.ContainsFunc(line, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, fmt.Errorf("%s, line %d: a token has no spaces and no other than printable ASCII", path, n)
		}
		tokens = append(tokens, line)
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%s holds no token", path)
	}
	return tokens, nil
}
