package report

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/tollgate/tollgate/loadtest/record"
)

// Write reads what is recorded in the folder and writes the report beside it:
// report.html, report.md with its figures, and summary.json.
func Write(dir string) (*Summary, error) {
	meta, err := record.ReadMeta(dir)
	if err != nil {
		return nil, err
	}
	cells, err := record.ReadCells(dir)
	if err != nil {
		return nil, err
	}
	s := Build(meta, cells)
	js, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	page, err := s.HTML()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"summary.json": append(js, '\n'), "report.md": []byte(s.Markdown()), "report.html": page}
	for _, f := range s.Figures {
		files[f.ID+".svg"] = []byte(f.SVG())
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Read reads a summary.
func Read(dir string) (*Summary, error) {
	b, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		return nil, err
	}
	s := new(Summary)
	return s, json.Unmarshal(b, s)
}
