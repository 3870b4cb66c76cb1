package account

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The reasons for which names are refused.
var (
	ErrUserID   = errors.New("user id must be 1 to 255 bytes of UTF-8 without spaces or control characters")
	ErrClientID = errors.New("client id must be 1 to 64 letters, digits, dots, hyphens or underscores")
	ErrRole     = errors.New("role must be 1 to 64 printable ASCII characters without comma, quote or backslash")
	ErrScope    = errors.New("scope must be printable ASCII without space, quote or backslash (RFC 6749, section 3.3)")
)

// CheckUserID reports whether id may name a person.
func CheckUserID(id string) error {
	bad := func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) || !unicode.IsPrint(c) }
	if id == "" || len(id) > 255 || !utf8.ValidString(id) || strings.ContainsFunc(id, bad) {
		return ErrUserID
	}
	return nil
}

// CheckClientID reports whether id may name a client. It travels inside client
// secrets and Basic credentials, so it holds none of their separators.
func CheckClientID(id string) error {
	bad := func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("._-", c))
	}
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, bad) {
		return ErrClientID
	}
	return nil
}

// CheckRoles reports whether every name may be a role. Roles travel in one
// header, separated by commas.
func CheckRoles(roles []string) error {
	for _, r := range roles {
		if len(r) > 64 || !token(r) || strings.Contains(r, ",") {
			return ErrRole
		}
	}
	return nil
}

// CheckScopes reports whether every name is a scope-token.
func CheckScopes(scopes []string) error {
	for _, s := range scopes {
		if len(s) > 128 || !token(s) {
			return ErrScope
		}
	}
	return nil
}

// token is scope-token of RFC 6749, appendix A.4.
func token(s string) bool {
	bad := func(c rune) bool { return c <= ' ' || c >= 0x7f || c == '"' || c == '\\' }
	return s != "" && !strings.ContainsFunc(s, bad)
}
