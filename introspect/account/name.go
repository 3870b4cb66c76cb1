package account

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
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
	if _, err := precis.UsernameCasePreserved.String(id); err != nil {
		return fmt.Errorf("%w, of a kind that RFC 8265 allows in names", ErrUserID)
	}
	return nil
}

// CanonicalID is id as RFC 8265, section 3.3, has it compared: in lower case,
// in the usual width, composed. An id that no new account may have is returned
// in lower case.
func CanonicalID(id string) string {
	if plainID(id) {
		return id
	}
	canonical, err := precis.UsernameCaseMapped.String(id)
	if err != nil {
		return strings.ToLower(id)
	}
	return canonical
}

// plainID reports whether id is its own canonical form, for the common case.
func plainID(id string) bool {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c >= 0x7f || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// IDKey is the same for ids that a reader takes for one: their canonical form,
// with Greek and Cyrillic letters replaced by the Latin ones they look like. It
// tells which accounts may not exist beside each other, and is no id itself.
func IDKey(id string) string {
	canonical := CanonicalID(id)
	if plainID(canonical) {
		return canonical
	}
	return lookalikes.Replace(canonical)
}

// lookalikes are small letters that most fonts draw like a Latin one.
var lookalikes = strings.NewReplacer(
	// Cyrillic
	"а", "a", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ї", "ï", "ј", "j", "о", "o", "р", "p", "ԛ", "q", "ѕ", "s", "ԝ", "w", "х", "x", "у", "y",
	// Greek
	"α", "a", "ι", "i", "κ", "k", "ν", "v", "ο", "o", "ρ", "p", "υ", "u", "χ", "x", "ϲ", "c", "ϳ", "j",
	// Latin
	"ı", "i", "ɑ", "a", "ɡ", "g",
)

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
