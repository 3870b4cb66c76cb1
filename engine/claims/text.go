package claims

import "strings"

// Claims are any text, and header fields are not: X-Auth-Roles is a list separated
// by commas, and what is beyond printable ASCII has no one reading there. So a
// value travels with every byte percent-encoded that is a control byte, not ASCII,
// a percent sign or the list's separator, and with spaces at its ends encoded. One
// value has one encoding, and two values never have the same.

const hexDigits = "0123456789ABCDEF"

// AppendText appends the encoding of s to dst. The separator is that of the list
// s is an element of, 0 for a value that stands alone.
func AppendText(dst []byte, s string, separator byte) []byte {
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == '%' || c == separator || c == ' ' && (i == 0 || i == len(s)-1) {
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// isPlain reports whether s is its own encoding.
func isPlain(s string, separator byte) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '%' || c == separator {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// Text is what AppendText appends, s itself where that is the same.
func Text(s string, separator byte) string {
	if isPlain(s, separator) {
		return s
	}
	return string(AppendText(nil, s, separator))
}

// ParseText is the value that Text encodes as s; ok is false if there is none.
func ParseText(s string) (value string, ok bool) {
	if strings.IndexByte(s, '%') < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if len(s)-i < 3 {
			return "", false
		}
		high, low := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
		if high < 0 || low < 0 {
			return "", false
		}
		b = append(b, byte(high<<4|low))
		i += 2
	}
	return string(b), true
}
