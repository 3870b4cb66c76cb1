package wire

import (
	"bytes"
	"unicode/utf8"

	"github.com/tollgate/tollgate/gateway/policy"
)

var (
	root     = []byte("/")
	asterisk = []byte("*")
	schemes  = [][]byte{[]byte("http://"), []byte("https://")}
)

// target brings the target into origin-form and its path into the one form
// that routes are matched with (RFC 9112, section 3.2).
func (r *Request) target() error {
	t := r.Target
	if len(t) == 0 {
		return ErrTarget
	}
	if t[0] != '/' {
		if bytes.Equal(t, asterisk) && string(r.Method) == "OPTIONS" {
			r.Path = t
			return nil
		}
		var err error
		if t, err = r.absolute(t); err != nil {
			return err
		}
		r.Target = t
	}
	path, query, _ := bytes.Cut(t, []byte{'?'})
	if !all(query, isQuery) {
		return ErrTarget
	}
	return r.path(path)
}

// absolute takes "http://host/path" to "/path" where host is the request's own.
func (r *Request) absolute(t []byte) ([]byte, error) {
	for _, scheme := range schemes {
		if len(t) < len(scheme) || !bytes.EqualFold(t[:len(scheme)], scheme) {
			continue
		}
		rest := t[len(scheme):]
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if !r.Has(Host) || !bytes.EqualFold(rest[:end], r.Host) {
			return nil, ErrTarget
		}
		switch rest = rest[end:]; {
		case len(rest) == 0:
			return root, nil
		case rest[0] == '?':
			return nil, ErrTarget
		}
		return rest, nil
	}
	return nil, ErrTarget
}

// path brings p into the form that routes are matched with, and notes in
// r.Needs what a route has to allow. It refuses what no route can allow: dot
// segments in any reading, backslashes, dots and control bytes in
// percent-encoding, and encodings of encodings.
func (r *Request) path(p []byte) error {
	r.Path = p
	plain := true
	for i, c := range p {
		if class[c]&isPath == 0 {
			switch {
			case c == '%':
				plain = false
			case c == ';':
				r.Needs |= policy.Semicolons
			case class[c]&isBracket != 0:
				r.Needs |= policy.Brackets
			default:
				return ErrPath
			}
		}
		if c == '/' && i+1 < len(p) && p[i+1] == '/' {
			if i == 0 {
				return ErrPath // some read "//host/path" as an address
			}
			r.Needs |= policy.EmptySegments
		}
	}
	if !plain {
		if err := r.decode(p); err != nil {
			return err
		}
		r.Path = r.decoded
	}
	if r.Needs == 0 && dotSegment(r.Path) || r.Needs != 0 && policy.DotSegment(r.Path) {
		return ErrPath
	}
	return nil
}

// decode percent-decodes p, once: nothing that it yields may still be an
// encoding. An encoded slash stays encoded, since it ends no segment.
func (r *Request) decode(p []byte) error {
	out := r.decoded[:0]
	percent := -1 // where out has the last "%" that was encoded
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '%' {
			if i+2 >= len(p) || class[p[i+1]]&class[p[i+2]]&isHexDig == 0 {
				return ErrPath
			}
			c = unhex(p[i+1])<<4 | unhex(p[i+2])
			i += 2
			switch {
			case c < ' ' || c == 0x7f || c == '\\' || c == '.':
				return ErrPath
			case c == '/':
				r.Needs |= policy.EncodedSlashes
				out = append(out, p[i-2:i+1]...)
				continue
			case c == '?' || c == '#':
				r.Needs |= policy.EncodedDelimiters
			case c == ';':
				r.Needs |= policy.Semicolons
			case c == '%':
				percent = len(out)
			}
		}
		out = append(out, c)
		if percent >= 0 && len(out) == percent+3 && class[out[percent+1]]&class[out[percent+2]]&isHexDig != 0 {
			return ErrPath // it would be decoded again
		}
	}
	r.decoded = out
	if !utf8.Valid(out) {
		for len(out) > 0 {
			c, n := utf8.DecodeRune(out)
			if c == utf8.RuneError && n == 1 && !latin1(out[0]) {
				return ErrPath
			}
			out = out[n:]
		}
		r.Needs |= policy.Latin1
	}
	return nil
}

// latin1 reports whether c is a printable character of ISO 8859-1 beyond ASCII.
// 0xc0 and 0xc1 are not taken for any: they begin the forms of ASCII that UTF-8
// forbids, and that some decode all the same.
func latin1(c byte) bool { return c >= 0xa0 && c != 0xc0 && c != 0xc1 }

// dotSegment reports whether a segment of p is "." or "..".
func dotSegment(p []byte) bool {
	for i := bytes.Index(p, []byte("/.")); i >= 0; {
		rest := p[i+2:]
		if len(rest) > 0 && rest[0] == '.' {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0] == '/' {
			return true
		}
		next := bytes.Index(p[i+1:], []byte("/."))
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// SetTarget makes r a request for a method and a target that did not come as a
// head, under the same rules.
func (r *Request) SetTarget(method, target []byte, lim Limits) error {
	*r = Request{Fields: Fields{List: r.List[:0]}, Method: method, Target: target, ContentLength: -1, decoded: r.decoded[:0]}
	if !all(method, isToken) || len(method) == 0 {
		return ErrRequestLine
	}
	if noProxyMethod(method) {
		return ErrMethod
	}
	if len(target) > lim.Target {
		return ErrTooLong
	}
	return r.target()
}
