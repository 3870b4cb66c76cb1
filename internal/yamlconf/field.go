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

func keys(list []field) []string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.key
	}
	return names
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
