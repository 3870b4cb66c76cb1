package store

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Records are written as a version byte, then numbers as varints and strings
// behind their lengths. The four names that revocations go by come first, so
// that a script running inside Redis can read them as well.
const (
	recordVersion = 1
	recentVersion = 2 // of a session that has used tokens behind the rest
)

var errRecord = errors.New("stored record is damaged")

// AppendToken appends t in the form that DecodeToken reads.
func AppendToken(b []byte, t *Token) []byte {
	b = append(b, recordVersion)
	b = appendString(b, t.ID)
	b = appendString(b, t.Session)
	b = appendString(b, t.Subject)
	b = appendString(b, t.ClientID)
	b = binary.AppendVarint(b, t.Issued)
	b = binary.AppendVarint(b, t.Expires)
	b = appendString(b, t.Scope)
	b = appendStrings(b, t.Roles)
	b = appendStrings(b, t.Audience)
	b = appendString(b, t.Actor)
	if t.Person {
		return append(b, 1)
	}
	return append(b, 0)
}

// DecodeToken reads a record; the Token does not refer to b.
func DecodeToken(b []byte) (*Token, error) {
	d := newDecoder(b)
	t := &Token{
		ID: d.string(), Session: d.string(), Subject: d.string(), ClientID: d.string(),
		Issued: d.varint(), Expires: d.varint(),
		Scope: d.string(), Roles: d.strings(), Audience: d.strings(), Actor: d.string(),
		Person: d.byte() == 1,
	}
	if !d.ok() {
		return nil, errRecord
	}
	return t, nil
}

// AppendSession appends s in the form that DecodeSession reads.
func AppendSession(b []byte, s *Session) []byte {
	if len(s.Recent) > 0 {
		b = append(b, recentVersion)
	} else {
		b = append(b, recordVersion)
	}
	b = appendString(b, s.ID)
	b = appendString(b, s.Subject)
	b = appendString(b, s.ClientID)
	b = appendString(b, string(s.Refresh[:]))
	b = binary.AppendVarint(b, s.Started)
	b = binary.AppendVarint(b, s.Expires)
	b = appendString(b, s.Scope)
	b = appendStrings(b, s.Audience)
	for _, u := range s.Recent { // to the end
		b = append(b, u.Digest[:]...)
		b = binary.AppendVarint(b, u.At)
		b = append(b, u.Sealed[:]...)
	}
	return b
}

// DecodeSession reads a record; the Session does not refer to b.
func DecodeSession(b []byte) (*Session, error) {
	d := &decoder{rest: string(b)}
	version := d.byte()
	d.bad = d.bad || version != recordVersion && version != recentVersion
	s := &Session{ID: d.string(), Subject: d.string(), ClientID: d.string()}
	refresh := d.string()
	s.Started, s.Expires = d.varint(), d.varint()
	s.Scope, s.Audience = d.string(), d.strings()
	for version == recentVersion && !d.bad && d.rest != "" {
		var u Used
		d.fill(u.Digest[:])
		u.At = d.varint()
		d.fill(u.Sealed[:])
		s.Recent = append(s.Recent, u)
	}
	if !d.ok() || len(refresh) != len(s.Refresh) {
		return nil, errRecord
	}
	copy(s.Refresh[:], refresh)
	return s, nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendString(b, s)
	}
	return b
}

// A decoder reads a record from one copy of it, which the strings share.
type decoder struct {
	rest string
	bad  bool
}

func newDecoder(b []byte) *decoder {
	d := &decoder{rest: string(b)}
	d.bad = d.byte() != recordVersion
	return d
}

func (d *decoder) ok() bool { return !d.bad && d.rest == "" }

func (d *decoder) byte() byte {
	if d.rest == "" {
		d.bad = true
		return 0
	}
	c := d.rest[0]
	d.rest = d.rest[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		c := d.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
	d.bad = true
	return 0
}

func (d *decoder) varint() int64 {
	u := d.uvarint() // zigzag, as encoding/binary writes it
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

// fill reads as many bytes as b has.
func (d *decoder) fill(b []byte) {
	if len(b) > len(d.rest) {
		d.bad = true
		return
	}
	d.rest = d.rest[copy(b, d.rest):]
}

func (d *decoder) strings() []string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) { // each string takes a byte at least
		d.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.string()
	}
	return list
}

// Scopes splits a scope list.
func Scopes(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, " ")
}
