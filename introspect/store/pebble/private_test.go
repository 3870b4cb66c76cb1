package pebble

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/private"
	"github.com/tollgate/tollgate/introspect/store"
)

// Whatever the umask, the store's folder is 0700 and its files are 0600; those
// that an older version left open are closed.
func TestStoreIsPrivate(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "store")
	check := func(what string) {
		t.Helper()
		n := 0
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			n++
			want := fs.FileMode(0o600)
			if e.IsDir() {
				want = 0o700
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("%s: %s has mode %04o, not %04o", what, filepath.Base(path), got, want)
			}
			return nil
		})
		if err != nil || n < 4 {
			t.Errorf("%s: %d files (%v)", what, n, err)
		}
	}
	use := func(what string) {
		t.Helper()
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().Unix()
		if err := s.Issue(t.Context(), &store.Issued{Digest: store.DigestOf([]byte(what)), Token: &store.Token{ID: what, Expires: now + 60}}); err != nil {
			t.Fatal(err)
		}
		check(what + ", open")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		check(what + ", closed")
	}
	use("new")
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	use("of an older version")
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, private.ErrMode) || !strings.Contains(err.Error(), "0777") {
		t.Errorf("open to all: %v, not ErrMode", err)
	}
}
