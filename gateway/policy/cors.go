package policy

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS says which pages of other origins may use a route from a browser (WHATWG
// Fetch, section 3.2). The gateway answers the preflight, and adds the fields to
// the upstream's answers and to its own.
type CORS struct {
	// Origins are the pages' origins, such as https://app.example; https://*.example stands for all names below it, and * for every origin. Required.
	Origins []string `yaml:"origins"`
	// Methods may be used. Default those of the routes of the path.
	Methods []string `yaml:"methods"`
	// Headers may be sent; * allows those that the browser asks for. Default Authorization and Content-Type.
	Headers []string `yaml:"headers"`
	// Expose lists fields of answers that pages may read beside the simple ones.
	Expose []string `yaml:"expose"`
	// Credentials lets pages send cookies.
	Credentials bool `yaml:"credentials"`
	// MaxAge is how long a browser may remember the answer to a preflight. Default 10m.
	MaxAge time.Duration `yaml:"max_age"`
}

func (c *CORS) check() error {
	if len(c.Origins) == 0 {
		return wrong("cors.origins", "required")
	}
	for i, o := range c.Origins {
		if o == "*" {
			if c.Credentials {
				return wrong(fmt.Sprintf("cors.origins[%d]", i), "with credentials, * would let every page of the web act for the user: list the origins")
			}
			continue
		}
		if o == "null" {
			continue
		}
		u, err := url.Parse(strings.Replace(o, "://*.", "://any.", 1))
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || o != strings.ToLower(o) || strings.Contains(u.Host, "*") {
			return wrong(fmt.Sprintf("cors.origins[%d]", i), "want scheme and host in lower case such as https://app.example, and no path, not %q", o)
		}
	}
	for key, names := range map[string][]string{"methods": c.Methods, "headers": c.Headers, "expose": c.Expose} {
		for i, name := range names {
			if !token(name) {
				return wrong(fmt.Sprintf("cors.%s[%d]", key, i), "want a name, not %q", name)
			}
		}
	}
	if c.MaxAge < 0 {
		return wrong("cors.max_age", "must not be negative")
	}
	return nil
}

// allows reports whether pages of an origin may use the route.
func (c *CORS) allows(origin []byte) bool {
	for _, o := range c.Origins {
		if o == "*" || string(origin) == o {
			return true
		}
		scheme, domain, ok := strings.Cut(o, "*.")
		if !ok || !bytes.HasPrefix(origin, []byte(scheme)) {
			continue
		}
		host := origin[len(scheme):]
		if len(host) > len(domain)+1 && host[len(host)-len(domain)-1] == '.' && string(host[len(host)-len(domain):]) == domain &&
			!bytes.ContainsAny(host, "/@") {
			return true
		}
	}
	return false
}

// everybody reports whether the fields are the same for every origin.
func (c *CORS) everybody() bool { return slices.Equal(c.Origins, []string{"*"}) }

// appendFields adds the fields of an answer to a page of an origin, nil where
// the request has none.
func (c *CORS) appendFields(dst, origin []byte) []byte {
	if c == nil {
		return dst
	}
	if c.everybody() {
		dst = append(dst, "Access-Control-Allow-Origin: *\r\n"...)
	} else {
		dst = append(dst, "Vary: Origin\r\n"...)
		if len(origin) == 0 || !c.allows(origin) {
			return dst
		}
		dst = append(dst, "Access-Control-Allow-Origin: "...)
		dst = append(dst, origin...)
		dst = append(dst, "\r\n"...)
		if c.Credentials {
			dst = append(dst, "Access-Control-Allow-Credentials: true\r\n"...)
		}
	}
	return appendList(dst, "Access-Control-Expose-Headers: ", c.Expose)
}

// appendPreflight adds the fields of the answer to a preflight for a path whose
// routes allow the methods of allow.
func (c *CORS) appendPreflight(dst []byte, r *Request, allow string) []byte {
	before := len(dst)
	dst = c.appendFields(dst, r.Origin)
	if !bytes.Contains(dst[before:], []byte("Allow-Origin")) {
		return dst // the browser refuses what is not allowed
	}
	if len(c.Methods) > 0 {
		allow = strings.Join(c.Methods, ", ")
	} else if allow == "" {
		allow = string(r.RequestMethod)
	}
	dst = appendList(dst, "Access-Control-Allow-Methods: ", []string{allow})
	switch headers := c.Headers; {
	case slices.Contains(headers, "*"):
		if len(r.RequestHeaders) > 0 {
			dst = append(dst, "Access-Control-Allow-Headers: "...)
			dst = append(dst, r.RequestHeaders...)
			dst = append(dst, "\r\n"...)
		}
	case len(headers) == 0:
		dst = append(dst, "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"...)
	default:
		dst = appendList(dst, "Access-Control-Allow-Headers: ", headers)
	}
	dst = append(dst, "Access-Control-Max-Age: "...)
	dst = strconv.AppendInt(dst, int64(c.MaxAge/time.Second), 10)
	return append(dst, "\r\n"...)
}

// AppendEndpointCORS adds the field lines of an answer of the gateway's own
// endpoints, which take methods: a page that may use any route may log in, too. It
// reports whether the request's origin is that of such a page.
func (t *Table) AppendEndpointCORS(dst []byte, r *Request, methods string) ([]byte, bool) {
	for _, c := range t.cors {
		switch {
		case len(r.Origin) == 0 || !c.allows(r.Origin):
		case r.Preflight():
			own := *c
			own.Methods = nil
			return own.appendPreflight(dst, r, methods), true
		default:
			return c.appendFields(dst, r.Origin), true
		}
	}
	return dst, false
}

func appendList(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(dst, name...)
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, s...)
	}
	return append(dst, "\r\n"...)
}

// token reports whether s is a token (RFC 9110, section 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
