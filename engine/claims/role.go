package claims

import (
	"strings"
	"unicode"
)

// IsRole reports whether name can be a role: it is not empty and has no comma,
// space or control character. Roles travel separated by commas in X-Auth-Roles,
// so one with a comma would be two to whoever reads that; tokens that name such a
// role are not granted it.
func IsRole(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r == ',' || unicode.IsSpace(r) || unicode.IsControl(r)
	})
}
