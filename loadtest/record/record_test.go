package record

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/loadtest/generator"
)

func cell(mode string, round int) *Cell {
	h := generator.NewHistogram()
	h.RecordValues(1500, 3)
	h.RecordValue(90_000_000)
	return &Cell{Key: Key{"modes", mode, 1.5, round}, Sent: 4, OK: 4, Response: &Histogram{h}, CPU: map[string]time.Duration{"gateway": 400}}
}

// What is written is read back, and a run may go on appending.
func TestJournal(t *testing.T) {
	dir := t.TempDir()
	if err := WriteMeta(dir, Meta{Plan: Plan{Name: "quick", Seed: 7}}); err != nil {
		t.Fatal(err)
	}
	if cells, err := ReadCells(dir); err != nil || len(cells) != 0 {
		t.Fatalf("before the first: %v, %v", cells, err)
	}
	for i, mode := range []string{"jwt", "opaque"} {
		j, err := OpenJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append(cell(mode, i)); err != nil {
			t.Fatal(err)
		}
		j.Close()
	}
	cells, err := ReadCells(dir)
	if err != nil || len(cells) != 2 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	c := cells[1]
	if c.Key != (Key{"modes", "opaque", 1.5, 1}) || !c.Latency().Equals(cell("x", 0).Latency()) || c.CPUPerRequest("gateway") != 100 {
		t.Errorf("read back: %+v", c)
	}
	if m, err := ReadMeta(dir); err != nil || m.Plan.Seed != 7 || m.Schema != Schema {
		t.Errorf("%+v, %v", m, err)
	}
}

// A line cut short by a crash is dropped, and the next cell takes its place.
func TestJournalCutShort(t *testing.T) {
	dir := t.TempDir()
	if err := WriteMeta(dir, Meta{}); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		j, err := OpenJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append(cell("jwt", i)); err != nil {
			t.Fatal(err)
		}
		j.file.WriteString(`{"phase":"mod`)
		j.Close()
		cells, err := ReadCells(dir)
		if err != nil || len(cells) != i+1 {
			t.Fatalf("%d cells, %v", len(cells), err)
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	f := func(path, content, want string, read func() error) {
		t.Helper()
		os.MkdirAll(filepath.Join(dir, "raw"), 0o755)
		os.WriteFile(filepath.Join(dir, "raw", path), []byte(content), 0o644)
		if err := read(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	meta := func() error { _, err := ReadMeta(dir); return err }
	cells := func() error { _, err := ReadCells(dir); return err }
	f("other", "", "is no folder of a recorded run", meta)
	f("meta.json", `{"schema":99}`, "has schema 99, this program reads 1", meta)
	f("cells.jsonl", "{}\n{}\n", "round 0 is there twice", func() error { return cells() })
	f("cells.jsonl", "nonsense\n", "line 1: invalid character", cells)
}

func TestThisMachine(t *testing.T) {
	m := ThisMachine()
	if m.Cores < 1 || !strings.HasPrefix(m.Go, "go") {
		t.Errorf("%+v", m)
	}
	if reflect.DeepEqual(m, Machine{}) {
		t.Error("nothing known of this machine")
	}
}
