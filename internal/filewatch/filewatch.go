// Package filewatch tells whether a file has become another one, by what the
// file system says of it. It sees what notifications of the file's folder miss: a
// file that is mounted alone into a container and changed outside.
package filewatch

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A Stamp is what the file system says of a file. Stamps of a file that nobody
// has changed are equal; the zero Stamp is that of no file.
type Stamp struct {
	size, modified int64 // bytes, Unix nanoseconds
	device, inode  uint64
}

// Read returns the stamp of the file at path, or the zero Stamp where it cannot
// be looked at. Symbolic links are followed.
func Read(path string) Stamp {
	info, err := os.Stat(path)
	if err != nil {
		return Stamp{}
	}
	s := Stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.device, s.inode = uint64(sys.Dev), uint64(sys.Ino)
	}
	return s
}

// Deleted reports whether the file at path has no name left where it comes
// from: somebody has replaced a file that is mounted here alone, and the mount
// still shows the old one.
func Deleted(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	return ok && sys.Nlink == 0
}

// MountedAlone reports whether path is a mount point of its own, as a single file
// of a container's volume or secret is. Where the system does not say, it is not.
func MountedAlone(path string) bool {
	abs, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// proc(5): the fifth field is the mount point, its spaces escaped.
		if fields := strings.Fields(lines.Text()); len(fields) > 4 && unescape.Replace(fields[4]) == abs {
			return true
		}
	}
	return false
}

var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
