package policy

import (
	"bytes"
	"strings"
)

// AppendTarget adds the target that the upstream is sent: what the client sent,
// byte for byte, but for the part of the path that the rule replaces. base is the
// path of the upstream's URL, without a slash at its end. It reports whether the
// result is a path with one reading.
//
// The target is in origin-form, and r.Path is its path.
func (r *Rule) AppendTarget(dst, target []byte, asked *Request, base string) ([]byte, bool) {
	if !r.rewrites && base == "" || len(target) == 0 || target[0] != '/' {
		return append(dst, target...), true
	}
	start := len(dst)
	path, query := target, []byte(nil)
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		path, query = target[:i], target[i:]
	}
	dst = append(dst, base...)
	ok := true
	switch {
	case !r.rewrites:
		dst = append(dst, path...)
	case r.Regex != "":
		dst, ok = r.appendExpanded(dst, asked.Path)
	case r.Path != "":
		dst = append(dst, r.Rewrite...)
	default:
		rest := path[encodedLen(path, len(strings.TrimRight(r.Prefix, "/"))):]
		dst = append(dst, strings.TrimRight(r.Rewrite, "/")...)
		dst = append(dst, rest...)
	}
	if len(dst) == start {
		dst = append(dst, '/')
	}
	made := dst[start:]
	ok = ok && made[0] == '/' && (len(made) < 2 || made[1] != '/') && !DotSegment(made)
	return append(dst, query...), ok
}

// appendExpanded adds Rewrite with $1 and ${name} replaced by what the regex has
// found, percent-encoded where a path needs it. It reports whether the result, not
// encoded, is free of dot segments.
func (r *Rule) appendExpanded(dst, path []byte) ([]byte, bool) {
	match := r.regexp.FindSubmatchIndex(path)
	if match == nil {
		return dst, false
	}
	made := r.regexp.Expand(nil, []byte(r.Rewrite), path, match)
	for i, c := range made {
		// The only %2f that r.Path can hold is one that stayed encoded.
		if plainByte(c) || encodedSlash(made[i:]) {
			dst = append(dst, c)
			continue
		}
		const hex = "0123456789ABCDEF"
		dst = append(dst, '%', hex[c>>4], hex[c&15])
	}
	return dst, !DotSegment(made)
}

// encodedLen is the length of the beginning of path, which is percent-encoded,
// that decodes to n bytes.
func encodedLen(path []byte, n int) int {
	i := 0
	for ; n > 0 && i < len(path); n-- {
		if path[i] == '%' {
			i += 2
		}
		i++
	}
	return min(i, len(path))
}

// plainByte reports whether c stands for itself in a path (RFC 3986, section 3.3).
func plainByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/-._~!$&'()*+,=:@;", c) >= 0
}
