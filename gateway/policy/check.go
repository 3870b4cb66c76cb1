package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// check reports what is wrong with a route by itself. The error begins with the
// key, ".prefix: …".
func (r *Route) check() error {
	for _, check := range []func(*Route) error{checkHost, checkPath, checkMethods, checkCaller, checkForwarding, checkBounds, checkCORS} {
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
		switch {
		case !strings.ContainsAny(r.Regex[:1], "/^([.\\"):
			return wrong("regex", "want an expression that begins with /, since every path does")
		case strings.Contains(r.Regex, "%") && !r.EncodedSlashes:
			return wrong("regex", "paths are compared percent-decoded: write the character itself")
		}
		return nil
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
	if strings.Contains(p, "*") || strings.Contains(p, "/:") || strings.Contains(p, "{") {
		return errors.New("*, :name and {name} are no patterns here, and would be taken as they are written: " +
			"a prefix takes everything below it as it is, and for the rest there is regex")
	}
	return nil
}

// methods are those of the IANA registry that can be forwarded, and those that
// caches and UPnP have added.
var methods = strings.Fields(`ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL
	MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK
	UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL PURGE BAN NOTIFY SUBSCRIBE UNSUBSCRIBE M-SEARCH`)

func checkMethods(r *Route) error {
	for i, m := range r.Methods {
		key := fmt.Sprintf("methods[%d]", i)
		switch {
		case m == "" || m != strings.ToUpper(m) || strings.ContainsAny(m, " ,:/"):
			return wrong(key, "want a method in capitals, not %q", m)
		case m == "CONNECT" || m == "TRACE":
			return wrong(key, "%s is never forwarded", m)
		case !slices.Contains(methods, m):
			return wrong(key, "%s is no method of HTTP (RFC 9110, section 9, and its registry)", m)
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
	restricted := len(r.Roles)+len(r.Scopes)+len(r.ACR) > 0 || r.MaxAuthAge != 0 || r.RatePerClient != 0
	switch {
	case r.Public && r.Optional:
		return wrong("optional", "a public route knows no caller")
	case r.Public && (restricted || len(r.ClaimHeaders) > 0):
		return wrong("public", "a public route has no roles or scopes, and nothing else that depends on the caller")
	case r.Optional && restricted:
		return wrong("optional", "a caller may be nobody here, and has then no roles, scopes, acr, auth_time or rate of its own")
	case r.MaxAuthAge < 0:
		return wrong("max_auth_age", "must not be negative")
	}
	for i, role := range r.Roles {
		switch {
		case role == "":
			return wrong(fmt.Sprintf("roles[%d]", i), "a role without a name is nobody's")
		case strings.Trim(role, ", ") != role || strings.ContainsFunc(role, unicode.IsControl):
			return wrong(fmt.Sprintf("roles[%d]", i), "%q: no token can carry a role with a comma or a space at an end, or with control characters", role)
		}
	}
	for i, scope := range r.Scopes {
		// RFC 6749, section 3.3.
		if scope == "" || strings.ContainsFunc(scope, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }) {
			return wrong(fmt.Sprintf("scopes[%d]", i), "%q: no token can carry a scope that is empty or has spaces, quotation marks or characters beyond ASCII", scope)
		}
	}
	for i, acr := range r.ACR {
		if acr == "" || strings.ContainsAny(acr, " \"\\") {
			return wrong(fmt.Sprintf("acr[%d]", i), "want a class without spaces and quotation marks, not %q", acr)
		}
	}
	switch r.Authorization {
	case "", AuthorizationToken, AuthorizationKeep, AuthorizationDrop:
		return nil
	}
	return wrong("authorization", "want token, keep or drop, not %q", r.Authorization)
}

// checkForwarding is about what the upstream gets.
func checkForwarding(r *Route) error {
	switch {
	case r.StripPrefix && r.Rewrite != "":
		return wrong("rewrite", "strip_prefix and rewrite are two ways to do one thing: give one")
	case r.StripPrefix && r.Prefix == "":
		return wrong("strip_prefix", "there is no prefix to strip")
	case r.Rewrite != "" && r.Regex == "":
		if err := plainPath(r.Rewrite); err != nil {
			return wrong("rewrite", "%w", err)
		}
	case r.Rewrite != "" && (r.Rewrite[0] != '/' || strings.ContainsAny(r.Rewrite, "%?#;\\ ")):
		return wrong("rewrite", "want a path that begins with /, without escapes and query")
	}
	for name, claim := range r.ClaimHeaders {
		if err := fieldName(name); err != nil {
			return wrong("claim_headers", "%w", err)
		}
		if claim == "" {
			return wrong("claim_headers", "%s: want the name of a claim", name)
		}
	}
	if err := r.Headers.Request.check("headers.request"); err != nil {
		return err
	}
	return r.Headers.Response.check("headers.response")
}

func checkBounds(r *Route) error {
	switch {
	case r.MaxBody < 0:
		return wrong("max_body", "must not be negative")
	case r.Timeout < 0:
		return wrong("timeout", "must not be negative")
	case r.StreamTimeout < 0:
		return wrong("stream_timeout", "must not be negative")
	case r.RatePerAddress < 0:
		return wrong("rate_per_address", "must not be negative")
	case r.RatePerClient < 0:
		return wrong("rate_per_client", "must not be negative")
	}
	return nil
}

func checkCORS(r *Route) error {
	c := &r.CORS
	if len(c.Origins)+len(c.Methods)+len(c.Headers)+len(c.Expose) == 0 && !c.Credentials {
		return nil
	}
	return c.check()
}
