package jwt

import gojson "github.com/goccy/go-json"

// Validate reports why b is not JSON as this package accepts it: RFC 8259 in
// UTF-8, with names unique in every object once unescaped, no half surrogate
// pairs, and at most 32 levels. Unlike encoding/json it takes no invalid UTF-8
// for U+FFFD and no second member of a name for the first.
func Validate(b []byte) error {
	var s scanner
	s.reset(b)
	s.value()
	return s.end()
}

// Decode validates b and decodes it into v by the rules of encoding/json.
func Decode(b []byte, v any) error {
	if err := Validate(b); err != nil {
		return err
	}
	return gojson.Unmarshal(b, v)
}
