package policy

import (
	"fmt"
	"sort"
	"strings"
)

// HeaderRules are what a route changes about the fields that pass it.
type HeaderRules struct {
	// Request is for what the upstream gets.
	Request FieldRules `yaml:"request"`
	// Response is for what the client gets.
	Response FieldRules `yaml:"response"`
}

// FieldRules change the fields of a head.
type FieldRules struct {
	// Set gives fields a value, instead of what came under their names.
	Set map[string]string `yaml:"set"`
	// Remove takes fields away.
	Remove []string `yaml:"remove"`
}

// FieldChanges are FieldRules made ready: what a rule changes about the fields
// of a head. It is immutable.
type FieldChanges struct {
	// Lines are added, each with its CRLF. The caller must not change them.
	Lines []byte
	drop  map[string]struct{} // folded names of what is not copied
	cors  bool                // the fields of CORS are not copied either
}

// own are names that say how a message is framed and routed, or who is asking:
// a route neither sets nor removes them.
var own = map[string]bool{
	"connection": true, "content-length": true, "transfer-encoding": true, "trailer": true, "te": true, "upgrade": true, "host": true,
	"keep-alive": true, "proxy-connection": true, "authorization": true, "x-request-id": true, "expect": true,
}

func (f *FieldRules) check(key string) error {
	for name, value := range f.Set {
		if err := fieldName(name); err != nil {
			return wrong(key+".set", "%w", err)
		}
		for i := range len(value) {
			if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
				return wrong(key+".set", "the value of %s holds a control byte", name)
			}
		}
	}
	for i, name := range f.Remove {
		if err := fieldName(name); err != nil {
			return wrong(fmt.Sprintf("%s.remove[%d]", key, i), "%w", err)
		}
	}
	return nil
}

func fieldName(name string) error {
	folded := foldName(name)
	switch {
	case !token(name) || len(name) > maxFieldName:
		return fmt.Errorf("%q is not the name of a field", name)
	case own[folded] || strings.HasPrefix(folded, "x-auth-"):
		return fmt.Errorf("%s is the gateway's own", name)
	}
	return nil
}

// ready makes the rules ready, nil where there are none; also are names that are
// set elsewhere, cors says that the fields of CORS are, and without are names that
// are not copied.
func (f *FieldRules) ready(also map[string]string, cors bool, without ...string) *FieldChanges {
	if len(f.Set)+len(f.Remove)+len(also)+len(without) == 0 && !cors {
		return nil
	}
	out := &FieldChanges{drop: map[string]struct{}{}, cors: cors}
	var names []string
	for name := range f.Set {
		names = append(names, name)
		out.drop[foldName(name)] = struct{}{}
	}
	sort.Strings(names)
	for _, name := range names {
		out.Lines = append(out.Lines, name+": "+f.Set[name]+"\r\n"...)
	}
	for _, name := range f.Remove {
		out.drop[foldName(name)] = struct{}{}
	}
	for _, name := range without {
		out.drop[foldName(name)] = struct{}{}
	}
	for name := range also {
		out.drop[foldName(name)] = struct{}{}
	}
	return out
}

// maxFieldName is the longest name of a field that a route can set or remove.
const maxFieldName = 128

// Drops reports whether a field of that name is not copied: one that the route
// removes, or gives a value of its own. Names that some servers take for the same
// are the same.
func (f *FieldChanges) Drops(name []byte) bool {
	if len(name) > maxFieldName {
		return false
	}
	if f.cors && corsField(name) {
		return true
	}
	var buf [maxFieldName]byte
	for i, c := range name {
		buf[i] = fold(c)
	}
	_, ok := f.drop[string(buf[:len(name)])]
	return ok
}

// fold is the spelling under which names are compared: in lower case, with "_",
// "." and " " read as "-", as CGI, WSGI and their like do.
func fold(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c + 'a' - 'A'
	case c == '_' || c == '.' || c == ' ':
		return '-'
	}
	return c
}

func foldName(name string) string {
	b := []byte(name)
	for i, c := range b {
		b[i] = fold(c)
	}
	return string(b)
}

// claimHeader is one of Route.ClaimHeaders.
type claimHeader struct{ name, claim string }

func claimHeaders(m map[string]string) []claimHeader {
	list := make([]claimHeader, 0, len(m))
	for name, claim := range m {
		list = append(list, claimHeader{name, claim})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list
}

// appendClaims adds the fields that carry claims, those that are there.
func appendClaims(dst []byte, headers []claimHeader, doc document) []byte {
	for _, h := range headers {
		v, ok := doc.claim(h.claim)
		if !ok {
			continue
		}
		before := len(dst)
		dst = append(dst, h.name...)
		dst = append(dst, ": "...)
		if dst, ok = text(dst, v); !ok {
			dst = dst[:before]
			continue
		}
		dst = append(dst, "\r\n"...)
	}
	return dst
}
