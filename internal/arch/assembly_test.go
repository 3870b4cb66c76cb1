package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Assembly for processors without AVX-512 uses none of its registers. avo, which
// writes it, takes the upper sixteen where the lower do not suffice, and says
// nothing; only a processor that lacks them would.
func TestRegistersOfAVX2(t *testing.T) {
	vector := regexp.MustCompile(`\bY\d+\b`)
	beyond := regexp.MustCompile(`(?m)^.*\b(Z\d+|[XY](1[6-9]|2\d|3[01])|K[0-7])\b.*$`)
	var held []string
	err := filepath.WalkDir("../../engine", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".s" {
			return err
		}
		if strings.Contains(path, "ifma") || strings.Contains(path, "avx512") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, line := range beyond.FindAll(text, -1) {
			t.Errorf("%s is not for AVX-512, and has %s", path, line)
		}
		if vector.Match(text) {
			held = append(held, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(held) < 2 {
		t.Errorf("vector registers are in %v alone: is this how they are written?", held)
	}
}
