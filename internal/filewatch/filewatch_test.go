package filewatch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStampChangesWithTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s := Read(path); s != (Stamp{}) {
		t.Errorf("a file that is not there has the stamp %+v", s)
	}
	write(path, "one")
	first := Read(path)
	if again := Read(path); again != first {
		t.Errorf("nobody changed the file, and its stamp went from %+v to %+v", first, again)
	}
	time.Sleep(20 * time.Millisecond) // more than a tick of the file system's clock
	write(path, "two")
	inPlace := Read(path)
	if inPlace == first {
		t.Error("a change in place left the stamp")
	}
	// A file of the same size and an older time takes the place, as from a backup.
	write(path+".new", "six")
	if err := os.Chtimes(path+".new", time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if renamed := Read(path); renamed == inPlace {
		t.Error("a change by rename left the stamp")
	}
	if Deleted(path) || MountedAlone(path) {
		t.Errorf("an ordinary file: deleted %v, mounted alone %v", Deleted(path), MountedAlone(path))
	}
}
