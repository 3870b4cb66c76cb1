package claims

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsRole reports whether name can be a role: it is not empty and has no comma,
// space or control character. Roles travel separated by commas in X-Auth-Roles,
// so one with a comma would be two to whoever reads that; tokens that name such a
// role are not granted it.
func IsRole(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= utf8.RuneSelf:
			return isWideRole(name)
		case c <= ' ' || c == ',' || c == 0x7f:
			return false
		}
	}
	return name != ""
}

// isWideRole is IsRole for names that are not ASCII.
func isWideRole(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r == ',' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}
