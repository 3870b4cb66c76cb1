package yamlconf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Error is one mistake in a file.
type Error struct {
	File    string
	Line    int // from 1; 0 where no line of the file is to blame
	Message string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
}

// Errors are all the mistakes found in a file, in the order of its lines.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

func (d *decoder) errorf(line int, format string, args ...any) {
	d.errs = append(d.errs, &Error{d.file, line, fmt.Sprintf(format, args...)})
}

func (d *decoder) sorted() error {
	if len(d.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(d.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	return d.errs
}

// check files what a Check method returned under the lines it speaks of.
func (d *decoder) check(err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			d.check(one)
		}
		return
	}
	message := err.Error()
	// What comes before the path is what an outer layer said: "configuration: ".
	for rest, more := message, true; more; _, rest, more = strings.Cut(rest, ": ") {
		if line := d.lineOf(rest); line > 0 {
			d.errorf(line, "%s", rest)
			return
		}
	}
	d.errorf(0, "%s", message)
}

// lineOf finds the line of the value whose path begins the message. Where the
// file does not hold that value, because it is the one that is missing, the
// line is that of what should hold it.
func (d *decoder) lineOf(message string) int {
	end := strings.IndexFunc(message, func(r rune) bool {
		return r == ':' || r == ' '
	})
	if end < 0 {
		return 0
	}
	for path := message[:end]; path != ""; {
		if line, ok := d.lines[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}
