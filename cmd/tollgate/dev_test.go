package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Passwords are hashed by processes of dev's own, which end with it.
func TestDevHashesApart(t *testing.T) {
	if found, err := filepath.Glob("/proc/self/task/*/children"); err != nil || len(found) == 0 {
		t.Skip("no proc_tid_children(5) here")
	}
	_, stop := startDev(t, t.TempDir())
	var hashing []string
	for _, p := range children(t, "self") {
		for _, child := range children(t, p) {
			line, err := os.ReadFile(filepath.Join("/proc", child, "cmdline"))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(string(line), "\x00"+hashCommand+"\x00") {
				hashing = append(hashing, child)
			}
		}
	}
	stop()
	if len(hashing) == 0 {
		t.Fatal("no process hashes passwords")
	}
	for _, p := range hashing {
		if _, err := os.Stat(filepath.Join("/proc", p)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("process %s is there after the end: %v", p, err)
		}
	}
}

// children are the processes that pid has started (proc_tid_children(5)).
func children(t *testing.T, pid string) (all []string) {
	t.Helper()
	threads, err := filepath.Glob(filepath.Join("/proc", pid, "task", "*", "children"))
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // the thread may have ended
			t.Fatal(err)
		}
		all = append(all, strings.Fields(string(text))...)
	}
	return all
}
