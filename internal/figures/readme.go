package main

import (
	"fmt"
	"os"
	"strings"
)

const (
	begin = "<!-- figures: made by `make readme` from the recorded runs -->\n"
	end   = "<!-- end of figures -->\n"
)

// update puts the table of results into the file readme.
func update(readme, results string) error {
	old, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	text, err := replaced(string(old), results)
	if err != nil {
		return fmt.Errorf("%s: %w", readme, err)
	}
	return os.WriteFile(readme, []byte(text), 0o644)
}

// replaced is text with the table of results between its marks.
func replaced(text, results string) (string, error) {
	before, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", fmt.Errorf("no line %q", strings.TrimSpace(begin))
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("no line %q", strings.TrimSpace(end))
	}
	table, err := table(results)
	return before + begin + table + end + after, err
}
