package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollgate/tollgate/loadtest/poll"
)

func TestLoadtestScripts(t *testing.T) {
	if !poll.Supported {
		t.Skip(poll.ErrUnsupported)
	}
	testscript.Run(t, script("testdata/loadtest", "jwt"))
}

// make loadtest works on a clone that holds the run of the same day.
func TestFreeFolder(t *testing.T) {
	dir := t.TempDir()
	first := filepath.Join(dir, "2026-01-01-first")
	for _, want := range []string{first, first + "-2", first + "-3"} {
		got := freeFolder(first)
		if got != want {
			t.Fatalf("the free folder is %s, not %s", got, want)
		}
		if err := os.Mkdir(got, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
