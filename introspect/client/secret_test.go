package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("TOLLGATE_TEST_FULL", " s ")
	t.Setenv("TOLLGATE_TEST_EMPTY", "")
	good := func(s Secret) {
		t.Helper()
		if v, err := s.Read(); v != "s" || err != nil {
			t.Errorf("%+v: %q, %v", s, v, err)
		}
	}
	good(Secret{File: write("a", "s\n")})
	good(Secret{Env: "TOLLGATE_TEST_FULL"})
	bad := func(s Secret, want string) {
		t.Helper()
		if v, err := s.Read(); v != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %q, %v", s, v, err)
		}
	}
	bad(Secret{}, "give file or env")
	bad(Secret{File: "a", Env: "b"}, "not both")
	bad(Secret{File: write("empty", "\n")}, "is empty")
	bad(Secret{File: filepath.Join(dir, "absent")}, "no such file")
	bad(Secret{Env: "TOLLGATE_TEST_EMPTY"}, "is empty")
}
