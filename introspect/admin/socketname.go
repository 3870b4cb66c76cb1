package admin

import (
	"fmt"
	"os"
	"path/filepath"
)

// maxSocketName is how long the name of a Unix socket may be everywhere: Linux
// has room for 107 bytes (unix(7)), others for 103.
const maxSocketName = 103

// SocketName returns a name for the socket at path that can be listened on and
// dialled however long path is. The name is good until done is called.
func SocketName(path string) (name string, done func(), err error) {
	if len(path) <= maxSocketName {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	// Linux names the folder by its descriptor; elsewhere the name leads
	// nowhere, which is the error that then comes.
	name = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	return name, func() { dir.Close() }, nil
}
