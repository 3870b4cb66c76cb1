package wire

import (
	"bytes"
	"unicode/utf8"
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

// path refuses what any server behind might read as another path: dot
// segments, empty segments, parameters (";"), separators and control bytes in
// percent-encoding, encodings of encodings, and what is not UTF-8.
func (r *Request) path(p []byte) error {
	r.Path = p
	plain := true
	for i, c := range p {
		if class[c]&isPath == 0 {
			if c != '%' {
				return ErrPath
			}
			plain = false
		}
		if c == '/' && i+1 < len(p) && p[i+1] == '/' {
			return ErrPath
		}
	}
	if !plain {
		if err := r.decode(p); err != nil {
			return err
		}
		r.Path = r.decoded
	}
	if dotSegment(r.Path) {
		return ErrPath
	}
	return nil
}

// decode percent-decodes p, once: nothing that it yields may still be an
// encoding or have a meaning of its own in a path.
func (r *Request) decode(p []byte) error {
	out := r.decoded[:0]
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '%' {
			if i+2 >= len(p) || class[p[i+1]]&class[p[i+2]]&isHexDig == 0 {
				return ErrPath
			}
			c = unhex(p[i+1])<<4 | unhex(p[i+2])
			i += 2
			if c < ' ' || c == 0x7f || c == '/' || c == '\\' || c == '.' || c == ';' {
				return ErrPath
			}
			if c == '%' && i+2 < len(p) && class[p[i+1]]&class[p[i+2]]&isHexDig != 0 {
				return ErrPath
			}
		}
		out = append(out, c)
	}
	r.decoded = out
	if !utf8.Valid(out) {
		return ErrPath
	}
	return nil
}

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
	if len(target) > lim.Target {
		return ErrTooLong
	}
	return r.target()
}
