package signing

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/tollgate/tollgate/internal/private"
)

// A vault is where the records of keys are kept. A Keyring calls it from one
// goroutine at a time.
type vault interface {
	// read returns all records.
	read() ([]record, error)
	// write keeps a record in place of the one of its kid, as that was last
	// read. Where somebody else has changed it since, it keeps nothing and returns
	// ErrChanged.
	write(record) error
}

// ErrChanged: somebody else has changed the key at the same time.
var ErrChanged = errors.New("signing key has changed meanwhile")

// folder is a vault with a file a key. One process at a time changes it.
type folder string

// openFolder makes the folder where there is none, and refuses one that others
// may write to.
func openFolder(path string) (folder, error) {
	return folder(path), private.Dir(path)
}

func (f folder) read() ([]record, error) {
	names, err := filepath.Glob(filepath.Join(string(f), "*.json"))
	if err != nil {
		return nil, err
	}
	var records []record
	for _, name := range names {
		text, err := private.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("signing key: %w", err)
		}
		var rec record
		if json.Unmarshal(text, &rec) != nil {
			return nil, fmt.Errorf("signing key %q: %w", name, errKey) // the cause could quote the key
		}
		if want := fileName(rec.ID); filepath.Base(name) != want {
			return nil, fmt.Errorf("signing key %q: the file of this kid must be called %q", name, want)
		}
		records = append(records, rec)
	}
	return records, nil
}

// write replaces the file of a key whole and makes that durable.
func (f folder) write(rec record) error {
	text, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	return private.WriteFile(filepath.Join(string(f), fileName(rec.ID)), append(text, '\n'))
}

// fileName lets a kid name a file: what it may not contain is replaced.
func fileName(kid string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return '_'
	}, kid) + ".json"
}
