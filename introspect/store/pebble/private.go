package pebble

import (
	"io"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tollgate/tollgate/internal/private"
)

// privateFS is the operating system's file system, on which every folder that is
// made has mode 0700 and every file 0600, whatever the umask.
type privateFS struct{ vfs.FS }

// openPrivate makes the folder, or makes one of an older version private. A folder
// that others may write to is refused.
func openPrivate(dir string) (vfs.FS, error) {
	if err := private.Dir(dir); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			if err := os.Chmod(filepath.Join(dir, e.Name()), 0o600); err != nil {
				return nil, err
			}
		}
	}
	return privateFS{vfs.Default}, nil
}

// Unwrap returns the file system below.
func (fs privateFS) Unwrap() vfs.FS { return fs.FS }

// Create makes a file.
func (fs privateFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	return closed(f, err, name)
}

// OpenReadWrite opens a file, and makes it where there is none.
func (fs privateFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := fs.FS.OpenReadWrite(name, c, opts...)
	return closed(f, err, name)
}

// Lock makes the file that keeps other processes away.
func (fs privateFS) Lock(name string) (io.Closer, error) {
	f, err := fs.FS.Lock(name)
	return closed(f, err, name)
}

// MkdirAll makes a folder and those above it.
func (fs privateFS) MkdirAll(dir string, _ os.FileMode) error { return fs.FS.MkdirAll(dir, 0o700) }

// closed closes a file that was opened to other users. Its folder is closed to
// them already.
func closed[F io.Closer](f F, err error, name string) (F, error) {
	var none F
	if err != nil {
		return none, err
	}
	if err := os.Chmod(name, 0o600); err != nil {
		f.Close()
		return none, err
	}
	return f, nil
}
