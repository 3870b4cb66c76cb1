package jwt

import (
	"unicode/utf16"
	"unicode/utf8"
)

// escape decodes the escape sequence that b starts with (RFC 8259, section 7)
// and tells its length. A surrogate pair is one sequence; half a one is refused,
// since decoders differ in what they make of it.
func escape(b []byte) (r rune, n int, err error) {
	if len(b) < 2 {
		return 0, 0, errJSON
	}
	switch c := b[1]; c {
	case '"', '\\', '/':
		return rune(c), 2, nil
	case 'b':
		return '\b', 2, nil
	case 'f':
		return '\f', 2, nil
	case 'n':
		return '\n', 2, nil
	case 'r':
		return '\r', 2, nil
	case 't':
		return '\t', 2, nil
	case 'u':
		r, ok := hex4(b[2:])
		if !ok {
			return 0, 0, errJSON
		}
		if !utf16.IsSurrogate(r) {
			return r, 6, nil
		}
		if len(b) < 8 || b[6] != '\\' || b[7] != 'u' {
			return 0, 0, errSurrogate
		}
		low, ok := hex4(b[8:])
		if !ok {
			return 0, 0, errJSON
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, 0, errSurrogate
		}
		return r, 12, nil
	}
	return 0, 0, errJSON
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		r <<= 4
		switch {
		case '0' <= c && c <= '9':
			r |= rune(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r |= rune(c|0x20-'a') + 10
		default:
			return 0, false
		}
	}
	return r, true
}

// appendUnescaped appends the text of a string that a scanner accepted.
func appendUnescaped(dst, b []byte) []byte {
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			dst = append(dst, b[i])
			i++
			continue
		}
		r, n, err := escape(b[i:])
		if err != nil {
			panic("BUG: unescaping a string that was not scanned")
		}
		dst = utf8.AppendRune(dst, r)
		i += n
	}
	return dst
}
