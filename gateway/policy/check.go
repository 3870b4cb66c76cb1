package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// check reports what is wrong with a route by itself. The error begins with the
// key, ".prefix: …".
func (r *Route) check() error {
	for _, check := range []func(*Route) error{checkHost, checkPath, checkMethods, checkCaller, checkBounds} {
		if err := check(r); err != nil {
			return err
		}
	}
	return nil
}

func wrong(key, format string, args ...any) error {
	return fmt.Errorf(".%s: %w", key, fmt.Errorf(format, args...))
}

func checkHost(r *Route) error {
	name := strings.TrimPrefix(r.Host, "*.")
	switch {
	case r.Host == "":
		return nil
	case name == "" || len(name) > maxHost || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, ".."):
		return wrong("host", "want a name such as shop.example or *.shop.example, not %q", r.Host)
	case strings.ContainsFunc(name, func(c rune) bool {
		return c != '-' && c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) && !strings.HasPrefix(name, "["):
		return wrong("host", "want a name such as shop.example or *.shop.example, without scheme, port or path, not %q", r.Host)
	}
	return nil
}

func checkPath(r *Route) error {
	given := 0
	for _, s := range []string{r.Path, r.Prefix, r.Regex} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return wrong("prefix", "give one of prefix, path and regex")
	case r.Regex != "":
		if strings.ContainsAny(r.Regex[:1], "/^([.\\") {
			return nil
		}
		return wrong("regex", "want an expression that begins with /, since every path does")
	case r.Path != "":
		if err := plainPath(r.Path); err != nil {
			return wrong("path", "%w", err)
		}
		return nil
	}
	if err := plainPath(r.Prefix); err != nil {
		return wrong("prefix", "%w", err)
	}
	return nil
}

func plainPath(p string) error {
	if p == "" || p[0] != '/' {
		return errors.New("want a path that begins with /")
	}
	if strings.ContainsAny(p, "%?#;\\ ") || strings.Contains(p, "//") || DotSegment([]byte(p)) {
		return errors.New("want a plain path: no escapes, dots or empty segments")
	}
	return nil
}

func checkMethods(r *Route) error {
	for i, m := range r.Methods {
		key := fmt.Sprintf("methods[%d]", i)
		switch {
		case m == "" || m != strings.ToUpper(m) || strings.ContainsAny(m, " ,:/"):
			return wrong(key, "want a method in capitals, not %q", m)
		case m == "CONNECT" || m == "TRACE":
			return wrong(key, "%s is never forwarded", m)
		}
	}
	for i, name := range r.PathAllows {
		if leniencies[name] == 0 {
			var names []string
			for known := range leniencies {
				names = append(names, known)
			}
			slices.Sort(names)
			return wrong(fmt.Sprintf("path_allows[%d]", i), "want one of %s, not %q", strings.Join(names, ", "), name)
		}
	}
	return nil
}

func checkCaller(r *Route) error {
	if r.Public && len(r.Roles)+len(r.Scopes) > 0 {
		return wrong("public", "a public route has no roles or scopes")
	}
	return nil
}

func checkBounds(r *Route) error {
	switch {
	case r.MaxBody < 0:
		return wrong("max_body", "must not be negative")
	case r.Timeout < 0:
		return wrong("timeout", "must not be negative")
	case r.StreamTimeout < 0:
		return wrong("stream_timeout", "must not be negative")
	}
	return nil
}
