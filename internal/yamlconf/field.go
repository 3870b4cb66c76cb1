package yamlconf

import (
	"reflect"
	"strings"
)

// A field is a place in a struct that a key of the file is read into.
type field struct {
	key   string
	value reflect.Value
}

// fields lists what can be configured in the struct v.
func fields(v reflect.Value) []field {
	var list []field
	for f, value := range v.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			list = append(list, fields(value)...)
		case key != "" && key != "-":
			list = append(list, field{key, value})
		}
	}
	return list
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// nearest returns the key of the list that a writer most likely meant: the one
// with the fewest edits, the first of them where several are as near.
func nearest(name string, list []field) string {
	best, least := "", 0
	for _, f := range list {
		if d := distance(strings.ToLower(name), f.key); best == "" || d < least {
			best, least = f.key, d
		}
	}
	return best
}

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours that make b of a (optimal string alignment).
func distance(a, b string) int {
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitute := one[j-1]
			if a[i-1] != b[j-1] {
				substitute++
			}
			row[j] = min(one[j]+1, row[j-1]+1, substitute)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(b)]
}
