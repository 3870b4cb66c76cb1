package jwt

import (
	"os"
	"path/filepath"
	"testing"
)

// vectors is a file or folder of hostile inputs that nobody here wrote.
func vectors(t testing.TB, path string) string {
	t.Helper()
	dir := os.Getenv("TOLLGATE_VECTORS")
	if dir == "" {
		t.Skip("TOLLGATE_VECTORS is not set: it names the folder of vectors")
	}
	return filepath.Join(dir, path)
}
