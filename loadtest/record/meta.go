package record

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Schema is the version of the format.
const Schema = 1

// Meta says what was run, where and how to run it again.
type Meta struct {
	Schema  int       `json:"schema"`
	Plan    Plan      `json:"plan"`
	RunID   string    `json:"run_id"`
	Started time.Time `json:"started"`
	Command string    `json:"command"` // repeats the run
	Version string    `json:"version"` // what `tollgate version` says
	Machine Machine   `json:"machine"`
}

// Machine is where it ran.
type Machine struct {
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`
	Memory  string `json:"memory"`
	System  string `json:"system"`
	Go      string `json:"go"`
	Clock   string `json:"clock"`
	Virtual string `json:"virtual"` // hypervisor flag of the processor
}

func metaPath(dir string) string { return filepath.Join(dir, "raw", "meta.json") }

// WriteMeta begins the folder of a run.
func WriteMeta(dir string, m Meta) error {
	m.Schema = Schema
	if err := os.MkdirAll(filepath.Join(dir, "raw"), 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(metaPath(dir), append(b, '\n'), 0o644)
}

// ReadMeta reads it back.
func ReadMeta(dir string) (Meta, error) {
	var m Meta
	b, err := os.ReadFile(metaPath(dir))
	if err != nil {
		return m, fmt.Errorf("%s is no folder of a recorded run: %w", dir, err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("reading %s: %w", metaPath(dir), err)
	}
	if m.Schema != Schema {
		return m, fmt.Errorf("%s has schema %d, this program reads %d", metaPath(dir), m.Schema, Schema)
	}
	return m, nil
}
