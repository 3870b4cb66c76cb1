package introspect

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/internal/private"
	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/admin"
)

// Folders that others may write to are refused, with their mode; so are files
// that they may read, and links, which they may have put there.
func TestOpenFoldersAreRefused(t *testing.T) {
	for _, what := range []string{"data", "keys", "store"} {
		t.Run(what, func(t *testing.T) {
			cfg := quick(t)
			cfg.Store.Kind = StorePebble
			cfg.Data = filepath.Join(cfg.Data, "data")
			svc, err := New(cfg, discard())
			if err != nil {
				t.Fatal(err)
			}
			if err := svc.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(cfg.Data, what)
			if what == "data" {
				path = cfg.Data
			}
			for _, mode := range []os.FileMode{0o777, 0o770, 0o702} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
				told := map[os.FileMode]string{0o777: "0777", 0o770: "0770", 0o702: "0702"}[mode]
				if _, err := New(cfg, discard()); !errors.Is(err, private.ErrMode) || !strings.Contains(err.Error(), told) {
					t.Errorf("mode %s: the service: %v, not ErrMode with the mode", told, err)
				}
				if _, err := OpenAdmin(t.Context(), cfg, discard()); !errors.Is(err, private.ErrMode) {
					t.Errorf("mode %s: the operator: %v, not ErrMode", told, err)
				}
			}
		})
	}
}

func TestLinkedKeysAreRefused(t *testing.T) {
	cfg := quick(t)
	start(t, cfg).stop()
	names, err := filepath.Glob(filepath.Join(cfg.Data, "keys", "*.json"))
	if err != nil || len(names) != 1 {
		t.Fatalf("keys are %v (%v)", names, err)
	}
	elsewhere := filepath.Join(t.TempDir(), "key.json")
	if err := errors.Join(os.Rename(names[0], elsewhere), os.Symlink(elsewhere, names[0])); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg, discard()); !errors.Is(err, private.ErrKind) {
		t.Errorf("a key behind a link: %v, not ErrKind", err)
	}
}

// The operator's commands send passwords to the socket: it has to be one that no
// other user can have made.
func TestForeignAdminSocketIsRefused(t *testing.T) {
	cfg := quick(t)
	cfg.Store.Kind = StorePebble
	path := filepath.Join(cfg.Data, "admin.sock")
	other := filepath.Join(t.TempDir(), "other.sock")
	l, err := net.Listen("unix", other)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := func(what string, want error) {
		t.Helper()
		if ops, err := OpenAdmin(t.Context(), cfg, discard()); !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", what, err, want)
			if err == nil {
				ops.Close()
			}
		}
	}
	if err := os.Symlink(other, path); err != nil {
		t.Fatal(err)
	}
	f("a link", private.ErrKind)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f("a file", private.ErrKind)
	if os.Geteuid() == 0 {
		if err := errors.Join(os.Remove(path), os.Rename(other, path), os.Chown(path, 12345, -1)); err != nil {
			t.Fatal(err)
		}
		f("another user's", private.ErrOwner)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	f("none", nil)
}

// An id that is no UTF-8 is refused on every way, and never changed into another.
func TestUserIDsThatAreNoUTF8AreRefused(t *testing.T) {
	cfg := quick(t)
	f := start(t, cfg)
	remote, err := OpenAdmin(t.Context(), cfg, discard())
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	for name, ops := range map[string]admin.Admin{"here": f.svc.Admin(), "over the socket": remote} {
		for _, id := range []string{"zo\xeb", "a\xff", "\xc3\x28", "a\ufffd"} {
			_, err := ops.AddUser(t.Context(), admin.NewUser{ID: id, Password: []byte(alicePassword)})
			if !errors.Is(err, account.ErrUserID) {
				t.Errorf("%s: adding %q: %v, not ErrUserID", name, id, err)
			}
		}
		for _, lines := range []string{`{"id":"zo` + "\xeb" + `","hash":"$2a$04$nNrKZORfkN0LiE2R4QrYrOTk7k.M/ILxTobRTBFDmBo/lwlHX5TkK"}`, `{"id":"\ud800","hash":"$2a$04$nNrKZORfkN0LiE2R4QrYrOTk7k.M/ILxTobRTBFDmBo/lwlHX5TkK"}`} {
			_, err := ops.ImportUsers(t.Context(), admin.JSONLines, strings.NewReader(lines))
			if !errors.Is(err, account.ErrUserID) {
				t.Errorf("%s: importing %q: %v, not ErrUserID", name, lines, err)
			}
		}
	}
	form, object := "application/x-www-form-urlencoded", "application/json"
	f.want(f.send("POST", "/login", form, "id=zo%EB&password=x"), 400, "invalid_request")
	f.want(f.send("POST", "/login", form, "id=zo\xeb&password=x"), 400, "invalid_request")
	f.want(f.send("POST", "/login", object, `{"id":"zo`+"\xeb"+`","password":"x"}`), 400, "invalid_request")
	f.want(f.send("POST", "/login", object, `{"id":"zo\ud800","password":"x"}`), 400, "invalid_request")
	f.want(f.send("POST", "/login", object, `{"id":"alice","password":"x`+"\xeb"+`"}`), 400, "invalid_request")
	users, err := f.svc.Admin().Users(t.Context())
	if err != nil || len(users) != 1 {
		t.Errorf("users are %+v (%v)", users, err)
	}
}
