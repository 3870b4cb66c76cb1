package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Journal appends cells.
type Journal struct{ file *os.File }

func journalPath(dir string) string { return filepath.Join(dir, "raw", "cells.jsonl") }

// OpenJournal opens the journal of a run to append to it. A last line that was
// cut short, by a crash, goes.
func OpenJournal(dir string) (*Journal, error) {
	f, err := os.OpenFile(journalPath(dir), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(journalPath(dir))
	if err == nil {
		whole := int64(bytes.LastIndexByte(b, '\n') + 1)
		if err = f.Truncate(whole); err == nil {
			_, err = f.Seek(whole, 0)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Journal{f}, nil
}

// Append writes one cell.
func (j *Journal) Append(c *Cell) error {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("recording %s: %w", c.Key, err)
	}
	_, err = j.file.Write(append(b, '\n'))
	return err
}

// Close closes it.
func (j *Journal) Close() error { return j.file.Close() }

// ReadCells returns the cells of a run in the order in which they were measured;
// none if it has not begun.
func ReadCells(dir string) ([]*Cell, error) {
	f, err := os.Open(journalPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var cells []*Cell
	seen := map[Key]bool{}
	r := bufio.NewReaderSize(f, 1<<20)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil { // the end, or a line cut short
			return cells, nil
		}
		c := new(Cell)
		if err := json.Unmarshal(line, c); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", journalPath(dir), n, err)
		}
		if seen[c.Key] {
			return nil, fmt.Errorf("%s, line %d: %s is there twice", journalPath(dir), n, c.Key)
		}
		seen[c.Key] = true
		cells = append(cells, c)
	}
}
