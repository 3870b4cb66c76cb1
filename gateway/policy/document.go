package policy

import (
	"encoding/json"
	"strings"

	gojson "github.com/goccy/go-json"

	"github.com/tollgate/tollgate/engine/claims"
)

// A document is the JSON object that a token's claims were read from. Numbers
// are kept as they are written.
type document map[string]any

// documentOf reads the claims of a caller, who may be nobody. The payload was
// read strictly when the token was verified; what cannot be read all the same has
// no claims, and a condition on them refuses.
func documentOf(c *claims.Claims) document {
	if c == nil || c.Payload() == "" {
		return document{}
	}
	d := gojson.NewDecoder(strings.NewReader(c.Payload()))
	d.UseNumber()
	var doc document
	if d.Decode(&doc) != nil || doc == nil {
		return document{}
	}
	return doc
}

// claim is the value of a claim by name, or by the names of nested objects with
// dots between: realm_access.roles. A name that holds dots itself comes first.
func (d document) claim(name string) (any, bool) {
	if v, ok := d[name]; ok {
		return v, v != nil
	}
	for i := len(name) - 1; i > 0; i-- {
		if name[i] != '.' {
			continue
		}
		if inner, ok := d[name[:i]].(map[string]any); ok {
			return document(inner).claim(name[i+1:])
		}
	}
	return nil, false
}

// text is a claim as the value of a header field: text and numbers as they are, a
// list's elements with commas between. An object is no such value.
func text(dst []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			s, ok := scalar(e)
			if !ok {
				return dst, false
			}
			dst = claims.AppendText(dst, s, ',')
		}
		return dst, true
	default:
		s, ok := scalar(v)
		return claims.AppendText(dst, s, 0), ok
	}
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	}
	return "", false
}
