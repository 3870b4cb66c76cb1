package private

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	if err := Dir(path); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v (%v), not 0700", p, info.Mode(), err)
		}
	}
	good := func(mode os.FileMode) {
		t.Helper()
		chmod(t, path, mode)
		if err := Dir(path); err != nil {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	good(0o700)
	good(0o755)
	good(0o500)
	bad := func(mode os.FileMode, told string) {
		t.Helper()
		chmod(t, path, mode)
		if err := Dir(path); !errors.Is(err, ErrMode) || !strings.Contains(err.Error(), "mode is "+told) {
			t.Errorf("mode %s: %v, not ErrMode", told, err)
		}
	}
	bad(0o770, "0770")
	bad(0o702, "0702")
	bad(0o777, "0777")
	bad(0o777|os.ModeSticky, "0777")
	bad(0o775|os.ModeSetgid, "0775")
	chmod(t, path, 0o700)
	file := filepath.Join(path, "file")
	write(t, file, 0o600)
	if err := CheckDir(file); !errors.Is(err, ErrKind) {
		t.Errorf("a file: %v, not ErrKind", err)
	}
	if err := CheckDir(filepath.Join(path, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte("text"), mode); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write(t, path, 0o600)
	if text, err := ReadFile(path); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	f := func(name string, make func(path string), want error, told string) {
		t.Helper()
		path := filepath.Join(dir, name)
		make(path)
		if _, err := ReadFile(path); !errors.Is(err, want) || !strings.Contains(err.Error(), told) {
			t.Errorf("%s: %v, not %v", name, err, want)
		}
	}
	f("readable", func(p string) { write(t, p, 0o640) }, ErrMode, "mode 0640 lets others read it")
	f("writable", func(p string) { write(t, p, 0o602) }, ErrMode, "mode 0602")
	f("link", func(p string) {
		if err := os.Symlink(path, p); err != nil {
			t.Fatal(err)
		}
	}, ErrKind, "symbolic link")
	f("folder", func(p string) {
		if err := os.Mkdir(p, 0o700); err != nil {
			t.Fatal(err)
		}
	}, ErrKind, "ordinary file")
	f("pipe", func(p string) {
		if err := syscall.Mkfifo(p, 0o600); err != nil {
			t.Fatal(err)
		}
	}, ErrKind, "ordinary file")
	f("absent", func(string) {}, fs.ErrNotExist, "absent")
}

// A file is replaced and never written through: what a link leads to stays.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	target, path := filepath.Join(dir, "target"), filepath.Join(dir, "file")
	write(t, target, 0o600)
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(path); err != nil || string(text) != "new" {
		t.Errorf("the file has %q (%v)", text, err)
	}
	if text, err := ReadFile(target); err != nil || string(text) != "text" {
		t.Errorf("the target of the link has %q (%v)", text, err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, ".new-*")); len(names) > 0 {
		t.Errorf("%v are left", names)
	}
}

func TestOthersFiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make another user's files")
	}
	dir := t.TempDir()
	chmod(t, filepath.Dir(dir), 0o755)
	path := filepath.Join(dir, "file")
	write(t, path, 0o600)
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	chmod(t, dir, 0o755)
	// Root reads what the service's user has written.
	if err := CheckDir(dir); err != nil {
		t.Errorf("as root: %v", err)
	}
	if _, err := ReadFile(path); err != nil {
		t.Errorf("as root: %v", err)
	}
	as := func(uid int, f func()) {
		t.Helper()
		if err := syscall.Setreuid(-1, uid); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := syscall.Setreuid(-1, 0); err != nil {
				t.Fatal(err)
			}
		}()
		f()
	}
	// A volume of Kubernetes: root's, and open to the group of the process.
	volume := filepath.Join(filepath.Dir(dir), "volume")
	if err := os.Mkdir(volume, 0o700); err != nil {
		t.Fatal(err)
	}
	chmod(t, volume, 0o775|os.ModeSetgid)
	if err := CheckDir(volume); !errors.Is(err, ErrMode) {
		t.Errorf("a folder open to root's group, as root: %v, not ErrMode", err)
	}
	as(54321, func() {
		if err := CheckDir(volume); err != nil {
			t.Errorf("a folder of root's that the process's group may write to: %v", err)
		}
	})
	if err := os.Chown(volume, 0, 4711); err != nil {
		t.Fatal(err)
	}
	chmod(t, volume, 0o775)
	as(54321, func() {
		if err := CheckDir(volume); !errors.Is(err, ErrMode) {
			t.Errorf("another group's: %v, not ErrMode", err)
		}
	})
	as(54321, func() {
		if err := CheckDir(dir); !errors.Is(err, ErrOwner) {
			t.Errorf("another user's folder: %v, not ErrOwner", err)
		}
	})
}

func TestCheckSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := CheckSocket(path); err != nil {
		t.Error(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := CheckSocket(link); !errors.Is(err, ErrKind) {
		t.Errorf("a link: %v, not ErrKind", err)
	}
	if err := CheckSocket(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if err := CheckSocket(path); !errors.Is(err, ErrOwner) {
		t.Errorf("another user's socket in a folder of ours: %v, not ErrOwner", err)
	}
}
