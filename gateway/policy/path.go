package policy

import "bytes"

// A Leniency is what a path has that servers read in more than one way. A
// request with any of it passes only where its route allows it. The reader of
// the request finds out which of them a path has.
type Leniency uint8

// What a path can have. Everything else that has more than one reading (dot
// segments, backslashes, encodings of an encoding, control bytes) is refused
// whatever a route says.
const (
	EncodedSlashes    Leniency = 1 << iota // %2f, which stays encoded in Request.Path
	EncodedDelimiters                      // %3f and %23, the delimiters of query and fragment
	Semicolons                             // ";", which some servers take for the beginning of parameters
	EmptySegments                          // "//", which some servers take for "/"
	Brackets                               // [ ] { } |, which RFC 3986 does not allow in a path
	Latin1                                 // escapes that are not UTF-8, such as %e9
)

// leniencies are the names of Route.PathAllows.
var leniencies = map[string]Leniency{
	"encoded_delimiters": EncodedDelimiters,
	"semicolons":         Semicolons,
	"empty_segments":     EmptySegments,
	"brackets":           Brackets,
	"latin1":             Latin1,
}

// DotSegment reports whether a segment of p, a path in the form of Request.Path,
// is "." or ".." in any reading: with kept %2f as slashes, and without what a
// server may take for parameters, a query or a fragment.
func DotSegment(p []byte) bool {
	start := 0
	for i := 0; i <= len(p); i++ {
		n := 1
		if i < len(p) && p[i] != '/' {
			if !encodedSlash(p[i:]) {
				continue
			}
			n = 3
		}
		segment := p[start:i]
		if end := bytes.IndexAny(segment, ";?#"); end >= 0 {
			segment = segment[:end]
		}
		if len(segment) <= 2 && len(segment) > 0 && segment[0] == '.' && segment[len(segment)-1] == '.' {
			return true
		}
		i += n - 1
		start = i + 1
	}
	return false
}

func encodedSlash(p []byte) bool {
	return len(p) >= 3 && p[0] == '%' && p[1] == '2' && p[2]|0x20 == 'f'
}

// otherReading is the path as a lenient server may read it: encoded slashes are
// slashes, parameters are gone, empty segments too, "?" and "#" end it, and bytes
// that are not UTF-8 are Latin-1.
func otherReading(p []byte, has Leniency) []byte {
	out := make([]byte, 0, len(p)+8)
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case c == '%' && encodedSlash(p[i:]):
			c, i = '/', i+2
		case c == ';':
			for i+1 < len(p) && p[i+1] != '/' && !encodedSlash(p[i+1:]) {
				i++
			}
			continue
		case c == '?' || c == '#':
			return out
		case c >= 0x80 && has&Latin1 != 0:
			out = append(out, 0xc0|c>>6, 0x80|c&0x3f)
			continue
		}
		if c == '/' && len(out) > 0 && out[len(out)-1] == '/' {
			continue
		}
		out = append(out, c)
	}
	return out
}
