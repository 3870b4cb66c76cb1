package wire

import "bytes"

// A Field is one field line: views of the head it was read from.
type Field struct {
	Name  Name
	Key   []byte // as it was spelled
	Value []byte // without the white space around it
	line  span   // the whole line, its CRLF included
}

type span struct{ from, to int }

// Fields are the field lines of a head or of a trailer section.
type Fields struct {
	List []Field
	raw  []byte
	drop bool // a line beside those of known names is not to be forwarded
}

var crlf = []byte("\r\n")

// scan reads field lines from raw[at:], which has to end with the empty line.
func (f *Fields) scan(raw []byte, at, maxFields int) error {
	f.List, f.raw, f.drop = f.List[:0], raw, false
	for raw[at] != '\r' || raw[at+1] != '\n' {
		if len(f.List) == maxFields {
			return ErrTooLarge
		}
		colon := at
		for class[raw[colon]]&isToken != 0 {
			colon++
		}
		if raw[colon] != ':' || colon == at {
			return nameError(raw[at:], raw[colon])
		}
		end := colon + 1 + bytes.IndexByte(raw[colon+1:], '\r')
		value := raw[colon+1 : end]
		if raw[end+1] != '\n' || !printable(value) {
			if bytes.IndexByte(value, '\n') >= 0 || raw[end+1] != '\n' {
				return ErrLineEnding
			}
			return ErrFieldValue
		}
		key := raw[at:colon]
		f.List = append(f.List, Field{nameOf(key), key, trim(value), span{at, end + 2}})
		at = end + 2
	}
	return nil
}

func nameError(line []byte, stop byte) error {
	switch {
	case line[0] == ' ' || line[0] == '\t':
		return ErrFold
	case stop == '\n' || stop == '\r':
		return ErrLineEnding
	}
	return ErrFieldName
}

// Append adds the lines that travel to the other side, byte for byte as they
// came. Adjacent lines are copied together.
func (f *Fields) Append(dst []byte) []byte {
	run := span{}
	for i := range f.List {
		switch l := &f.List[i]; {
		case l.Name != Other || f.drop && l.line.to == 0:
		case l.line.from == run.to:
			run.to = l.line.to
		default:
			dst = append(dst, f.raw[run.from:run.to]...)
			run = l.line
		}
	}
	return append(dst, f.raw[run.from:run.to]...)
}

// A Dropper says which fields are not copied, by their names as they are spelled.
type Dropper interface{ Drops(name []byte) bool }

// AppendWithout is Append without the lines that d drops.
func (f *Fields) AppendWithout(dst []byte, d Dropper) []byte {
	for i := range f.List {
		if l := &f.List[i]; l.Name == Other && !(f.drop && l.line.to == 0) && !d.Drops(l.Key) {
			dst = append(dst, f.raw[l.line.from:l.line.to]...)
		}
	}
	return dst
}

// nominate reads a Connection field (RFC 9110, section 7.6.1): its members name
// fields that concern this hop only.
func (f *Fields) nominate(value []byte, protected bool, member func([]byte)) error {
	for len(value) > 0 {
		var m []byte
		m, value, _ = bytes.Cut(value, []byte{','})
		if m = trim(m); len(m) == 0 {
			continue
		}
		if !all(m, isToken) {
			return ErrFieldValue
		}
		if protected && !nameOf(m).nominable() && !equalFold(m, "keep-alive") {
			return ErrNominated
		}
		member(m)
	}
	return nil
}

// Discard takes the lines called name out of what Append copies.
func (f *Fields) Discard(name []byte) {
	for i := range f.List {
		if l := &f.List[i]; l.Name == Other && bytes.EqualFold(l.Key, name) {
			l.line = span{}
			f.drop = true
		}
	}
}

// Get is the value of the first field called lower, a name in lower case, or nil.
func (f *Fields) Get(lower string) []byte {
	for i := range f.List {
		if equalFold(f.List[i].Key, lower) {
			return f.List[i].Value
		}
	}
	return nil
}
