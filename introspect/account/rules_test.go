package account

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckNewPassword(t *testing.T) {
	for _, c := range []struct {
		id, password string
		least        int
		want         error
	}{
		{"alice", "correct horse battery staple", 12, nil},
		{"alice", "twelve chars", 12, nil},
		{"alice", "eleven char", 12, ErrPasswordShort},
		{"alice", "zwölf süße Ä", 12, nil}, // characters, not bytes
		{"alice", "süße äöüß", 12, ErrPasswordShort},
		{"alice", "", 12, ErrPasswordLength},
		{"alice", strings.Repeat("x", MaxPassword+1), 12, ErrPasswordLength},
		{"alice", "1234567890123456", 8, nil},
		{"alice", "password", 8, ErrPasswordCommon},
		{"alice", "PassWord", 8, ErrPasswordCommon},
		{"alice", "qwertyuiop", 8, ErrPasswordCommon},
		{"alice", "1QAZ2wsx3edc", 12, ErrPasswordCommon},
		{"alice.cooper@example", "Alice.Cooper@example", 12, ErrPasswordCommon},
		{"alice", "# the passwords of", 8, nil},
	} {
		if err := CheckNewPassword(c.id, []byte(c.password), c.least); !errors.Is(err, c.want) {
			t.Errorf("%q for %s, at least %d: %v, wanted %v", c.password, c.id, c.least, err, c.want)
		}
	}
	if n := len(common()); n < 3000 {
		t.Errorf("%d common passwords of 8 characters and more are known, wanted over 3000", n)
	}
}
