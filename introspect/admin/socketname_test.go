package admin

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A socket can be reached in a folder whose path no socket address holds.
func TestSocketName(t *testing.T) {
	f := func(dir string) {
		t.Helper()
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "admin.sock")
		name, done, err := SocketName(path)
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		l.SetUnlinkOnClose(false)
		done()
		ops, err := Dial(t.Context(), path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := ops.Close(); err != nil {
			t.Error(err)
		}
	}
	short, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(short)
	f(short)
	if runtime.GOOS == "linux" {
		f(filepath.Join(short, strings.Repeat("a", 100), strings.Repeat("b", 100)))
	}
	if _, _, err := SocketName(filepath.Join(short, strings.Repeat("c", 100), "admin.sock")); !os.IsNotExist(err) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
