package jwt

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// maxDepth bounds how deeply arrays and objects may nest, the outermost
// included; claims that nest at all nest two or three deep.
const maxDepth = 32

// kind is the first byte's worth of knowledge about a JSON value.
type kind byte

const (
	other  kind = iota // true, false, null
	str                // a string without escapes
	escStr             // a string with escapes
	number
	array
	object
)

// A value is where in the scanned bytes a JSON value stands. For strings it
// leaves out the quotes.
type value struct {
	kind       kind
	start, end int
}

// scanner reads one JSON text once, front to back, and reports what it refuses
// in err. After an error its position is beyond the end, so that loops finish
// without asking. It reads RFC 8259 and, of what that leaves open, accepts
// nothing: names are unique in their object at every depth, text is UTF-8
// without lone surrogates, and nesting is bounded.
type scanner struct {
	b     []byte
	i     int
	depth int
	err   error
	names names
	marks []uint64 // of b, see mark; or none
}

// reset starts over with b, keeping memory.
func (s *scanner) reset(b []byte) {
	s.b, s.i, s.depth, s.err = b, 0, 0, nil
	s.names.reset()
	s.marks = mark(s.marks, b)
}

// seek goes to i, the start of a value in a text that was read to its end
// without an error.
func (s *scanner) seek(i int) {
	s.i, s.depth = i, 0
	s.names.reset()
}

func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.i = len(s.b)
}

// space skips JSON white space and returns the byte after it, or 0 at the end.
func (s *scanner) space() byte {
	for s.i < len(s.b) {
		c := s.b[s.i]
		if c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
		s.i++
	}
	return 0
}

// end reports whether nothing but white space is left.
func (s *scanner) end() error {
	if s.space(); s.i < len(s.b) {
		s.fail(errJSON)
	}
	return s.err
}

// enter steps over the bracket that opens an array or object and reports
// whether there is an element; the closing bracket of an empty one is consumed.
func (s *scanner) enter(closing byte) bool {
	if s.depth++; s.depth > maxDepth {
		s.fail(errDepth)
		return false
	}
	s.i++
	if s.space() == closing {
		s.i++
		s.depth--
		return false
	}
	return s.err == nil
}

// more steps over the comma between two elements and reports whether there was
// one; the closing bracket is consumed.
func (s *scanner) more(closing byte) bool {
	switch c := s.space(); {
	case c == ',':
		s.i++
		return true
	case c == closing:
		s.i++
		s.depth--
		return false
	}
	s.fail(errJSON)
	return false
}

// object enters an object and reports whether it has a member. The calls are
//
//	for ok, scope := s.object(); ok; ok = s.next(scope) { name := s.name(scope); …s.value()… }
func (s *scanner) object() (bool, scope) {
	scope := s.names.open()
	return s.enter('}'), scope
}

func (s *scanner) next(sc scope) bool {
	if s.more('}') {
		return true
	}
	s.names.close(sc)
	return false
}

// name reads a member's name and the colon after it. It is valid until the
// scanner is reset, unescaped, and new in its object.
func (s *scanner) name(sc scope) []byte {
	name := s.anyName()
	s.isNew(sc, name)
	return name
}

// isNew refuses a name that the object has already. Names that the caller tells
// from all others it may keep account of itself.
func (s *scanner) isNew(sc scope, name []byte) {
	if !s.names.add(sc, name) {
		s.fail(errDuplicate)
	}
}

// anyName is name for a caller that checks itself that it is new.
func (s *scanner) anyName() []byte {
	_, name := s.nameAt()
	return name
}

// nameAt is anyName with the place of the name in the scanned bytes.
func (s *scanner) nameAt() (at value, name []byte) {
	if s.space() != '"' {
		s.fail(errJSON)
		return value{}, nil
	}
	v := s.str()
	name = s.b[v.start:v.end]
	if v.kind == escStr {
		name = appendUnescaped(nil, name)
	}
	if s.space() != ':' {
		s.fail(errJSON)
		return value{}, nil
	}
	s.i++
	return v, name
}

// value reads a value of any kind, with all that is nested in it.
func (s *scanner) value() value {
	c := s.space()
	v := value{start: s.i}
	switch {
	case c == '"':
		return s.str()
	case c == '{':
		v.kind = object
		for ok, sc := s.object(); ok; ok = s.next(sc) {
			s.name(sc)
			s.value()
		}
	case c == '[':
		v.kind = array
		for ok := s.enter(']'); ok; ok = s.more(']') {
			s.value()
		}
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	default:
		s.fail(errJSON)
	}
	v.end = s.i
	return v
}

func (s *scanner) literal(word string) value {
	if end := s.i + len(word); end <= len(s.b) && string(s.b[s.i:end]) == word {
		v := value{kind: other, start: s.i, end: end}
		s.i = end
		return v
	}
	s.fail(errJSON)
	return value{}
}

// number reads RFC 8259, section 6: no leading zero, no plus, no bare point.
func (s *scanner) number() value {
	v := value{kind: number, start: s.i}
	if s.b[s.i] == '-' {
		s.i++
	}
	if s.i < len(s.b) && s.b[s.i] == '0' {
		s.i++
	} else if !s.digits() {
		return value{}
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		if !s.digits() {
			return value{}
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			return value{}
		}
	}
	v.end = s.i
	return v
}

// digits reads at least one digit.
func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	if s.i == start {
		s.fail(errJSON)
		return false
	}
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks the high bit of the first byte of w that is a quote, a
// backslash, a control character or not ASCII, and perhaps of bytes after it.
// x - ones borrows into the high bit of each byte that is 0; w - ones*0x20 into
// each below 0x20; borrows only reach bytes after (above) a marked one.
func special(w uint64) uint64 {
	quote, escape := w^ones*'"', w^ones*'\\'
	return ((quote-ones)&^quote | (escape-ones)&^escape | (w-ones*0x20)&^w | w) & highs
}

// plain skips bytes that stand for themselves, from i on: all up to the next
// mark, which is not in i's word, or most if there are no marks.
func (s *scanner) plain(i int) int {
	if len(s.marks) > 0 {
		for w := i/64 + 1; w < len(s.marks); w++ {
			if m := s.marks[w]; m != 0 {
				return w*64 + bits.TrailingZeros64(m)
			}
		}
		return len(s.b)
	}
	for ; i+8 <= len(s.b); i += 8 {
		if m := special(binary.LittleEndian.Uint64(s.b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	return i
}

// str reads the string that starts at the quote under the position. After an
// error it is no string, so that nobody unescapes what was not scanned.
func (s *scanner) str() value {
	v := value{kind: str, start: s.i + 1}
	b, i := s.b, s.i+1
	for {
		if w := uint(i) / 64; w < uint(len(s.marks)) && s.marks[w]>>(uint(i)%64) != 0 {
			i += bits.TrailingZeros64(s.marks[w] >> (uint(i) % 64))
		} else {
			i = s.plain(i)
		}
		if i >= len(b) {
			s.fail(errJSON)
			return value{}
		}
		switch c := b[i]; {
		case c == '"':
			v.end, s.i = i, i+1
			return v
		case c == '\\':
			v.kind = escStr
			_, n, err := escape(b[i:])
			if err != nil {
				s.fail(err)
				return value{}
			}
			i += n
		case c < ' ':
			s.fail(errJSON)
			return value{}
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				s.fail(errUTF8)
				return value{}
			}
			i += n
		}
	}
}
