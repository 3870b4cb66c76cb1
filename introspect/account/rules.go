package account

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// MinMinPassword is the least that the least length of passwords may be, in
// characters (NIST SP 800-63B, section 3.1.1.2).
const MinMinPassword = 8

var (
	// ErrPasswordShort: a new password has fewer characters than are asked for.
	ErrPasswordShort = errors.New("password is too short")
	// ErrPasswordCommon: a new password is one that is guessed first.
	ErrPasswordCommon = errors.New("password is among the 10,000 most common ones, or is the id: choose another")
)

//go:embed common_passwords.txt
var commonPasswords string

// common are the most common passwords, in lower case.
var common = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(commonPasswords) {
		if !strings.HasPrefix(line, "# ") {
			m[strings.ToLower(strings.TrimSuffix(line, "\n"))] = true
		}
	}
	return m
})

// CheckNewPassword reports whether password may be chosen for the user called
// id, where passwords have at least so many characters. Passwords that users
// have already are not asked about.
func CheckNewPassword(id string, password []byte, least int) error {
	if len(password) == 0 || len(password) > MaxPassword {
		return ErrPasswordLength
	}
	if n := utf8.RuneCount(password); n < least {
		return fmt.Errorf("%w: it has %d characters, and %d are the least", ErrPasswordShort, n, least)
	}
	folded := strings.ToLower(string(password))
	if common()[folded] || folded == strings.ToLower(id) {
		return ErrPasswordCommon
	}
	return nil
}
