package jwt

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// oracle decides by encoding/json, and by what its users would have to add to
// it, whether Validate must accept b.
func oracle(b []byte) bool {
	return utf8.Valid(b) && json.Valid(b) && !halfSurrogate(b) && uniqueNames(b)
}

var escapes = regexp.MustCompile(`\\(u[0-9a-fA-F]{4}|.)`)

// halfSurrogate reports whether valid JSON has a \u escape of a surrogate that is
// not followed or preceded by its other half.
func halfSurrogate(b []byte) bool {
	last, lastEnd := rune(0), -1
	for _, m := range escapes.FindAllIndex(b, -1) {
		r := rune(0)
		if e := string(b[m[0]:m[1]]); len(e) == 6 {
			n, err := strconv.ParseUint(e[2:], 16, 16)
			if err != nil {
				panic(err)
			}
			r = rune(n)
		}
		pairs := last != 0 && lastEnd == m[0] && utf16.DecodeRune(last, r) != utf8.RuneError
		switch {
		case pairs:
			last = 0
		case last != 0:
			return true
		case utf16.IsSurrogate(r):
			last = r
		}
		lastEnd = m[1]
	}
	return last != 0
}

// uniqueNames reports whether valid JSON has no object with two members of one
// name and no more than maxDepth levels.
func uniqueNames(b []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var open []map[string]bool // nil for an array
	isName := false
	for {
		token, err := dec.Token()
		if err != nil {
			return true // the end: b is valid
		}
		switch v := token.(type) {
		case json.Delim:
			switch v {
			case '{':
				open = append(open, make(map[string]bool))
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			if len(open) > maxDepth {
				return false
			}
			isName = len(open) > 0 && open[len(open)-1] != nil
			continue
		case string:
			if isName {
				names := open[len(open)-1]
				if names[v] {
					return false
				}
				names[v] = true
				isName = false
				continue
			}
		}
		isName = len(open) > 0 && open[len(open)-1] != nil
	}
}

// many is an object of n members, the last called last.
func many(n int, last string) []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n - 1 {
		b.WriteString(`"n` + strconv.Itoa(i) + `":0,`)
	}
	b.WriteString(`"` + last + `":0}`)
	return []byte(b.String())
}
