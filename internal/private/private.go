// Package private reads and writes what belongs to the user of the process
// alone: the folders of the data, of signing keys and of secrets, and the files
// in them. Nothing is read through a symbolic link, since whoever may write to a
// folder could have put it there, and what others could have written or may read
// is refused with its mode.
package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

var (
	// ErrOwner: it belongs to another user.
	ErrOwner = errors.New("belongs to another user")
	// ErrMode: others may write to it or, where it is a file, read it.
	ErrMode = errors.New("is open to other users")
	// ErrKind: it is a symbolic link, or no file or folder where one is wanted.
	ErrKind = errors.New("is not of the right kind")
)

// Dir makes the folder at path, for its owner alone, where there is none, and
// checks it as CheckDir does.
func Dir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return CheckDir(path)
}

// CheckDir refuses a folder that another user owns or may write to. The path
// may be a symbolic link. Accepted is also a folder of root's that is writable
// for the process's own group, when the process itself is not root's: that is how
// Kubernetes hands out volumes (fsGroup).
func CheckDir(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s %w: want a folder", path, ErrKind)
	}
	s := info.Sys().(*syscall.Stat_t)
	mode, euid := info.Mode().Perm(), uint32(os.Geteuid())
	if s.Uid != euid && s.Uid != 0 && euid != 0 {
		return fmt.Errorf("folder %s %w (uid %d)", path, ErrOwner, s.Uid)
	}
	open := mode & 0o022
	if s.Uid == 0 && euid != 0 && s.Gid == uint32(os.Getegid()) {
		open &^= 0o020
	}
	if open != 0 {
		return fmt.Errorf("folder %s %w: its mode is %04o and others may write to it; make it 0700", path, ErrMode, mode)
	}
	return nil
}

// Open opens the file at path for reading. It has to be an ordinary file that
// belongs to the user of the process or to root, and that nobody else may read or
// write.
func Open(path string) (*os.File, error) { return OpenFile(path, os.O_RDONLY) }

// OpenFile is Open with flags of package os, among them O_CREATE, which makes a
// file with mode 0600.
func OpenFile(path string, flags int) (*os.File, error) {
	// O_NONBLOCK: a pipe that somebody has put there is not waited for.
	f, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s %w: it is a symbolic link", path, ErrKind)
	}
	if err != nil {
		return nil, err
	}
	if err := check(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func check(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s %w: want an ordinary file", f.Name(), ErrKind)
	}
	if s := info.Sys().(*syscall.Stat_t); !trusted(s.Uid) {
		return fmt.Errorf("file %s %w (uid %d)", f.Name(), ErrOwner, s.Uid)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("file %s %w: mode %04o lets others read it; it must be 0600", f.Name(), ErrMode, mode)
	}
	return nil
}

// trusted reports whether what uid owns is as good as the process's own. Root
// acts for the service's user, who is then another one.
func trusted(uid uint32) bool {
	euid := uint32(os.Geteuid())
	return uid == euid || uid == 0 || euid == 0
}

// ReadFile returns what is in the file at path, which Open would open.
func ReadFile(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// WriteFile replaces the file at path whole, with mode 0600, and makes that
// durable: after a crash there is the old one or the new one.
func WriteFile(path string, text []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*") // a new file of mode 0600, never a link
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// CheckSocket refuses what is at path unless it is a socket of the user of the
// process, or of root: another user could have put his own there and be
// told passwords. Root may also use one that belongs to the owner of its folder.
func CheckSocket(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s %w: want a socket", path, ErrKind)
	}
	uid := info.Sys().(*syscall.Stat_t).Uid
	if uid == uint32(os.Geteuid()) || uid == 0 {
		return nil
	}
	if os.Geteuid() == 0 {
		dir, err := os.Stat(filepath.Dir(path))
		if err != nil {
			return err
		}
		if dir.Sys().(*syscall.Stat_t).Uid == uid {
			return nil
		}
	}
	return fmt.Errorf("socket %s %w (uid %d)", path, ErrOwner, uid)
}
