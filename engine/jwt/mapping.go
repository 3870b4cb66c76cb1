package jwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Mapping says in which claims an issuer keeps what RFC 9068 keeps in client_id,
// scope and roles, and which of the required claims it does without.
type Mapping struct {
	roles, scopes, client []path
	optional              optional
}

var rfc9068 Mapping

// ErrMapping: a Mapping cannot be made of what was asked for.
var ErrMapping = errors.New("bad claim mapping")

// Paths name the claims to read. A path is the name of a claim, or names separated
// by dots that lead into nested objects (realm_access.roles); where a claim has
// the whole path for its name, dots and all, that one is meant. Of several paths
// for roles or scopes all are read; for the client, the first that is there.
type Paths struct {
	Roles    []string // none: roles
	Scopes   []string // none: scope and scp
	Client   []string // read where there is no client_id
	Optional []string // of sub, aud, client_id, jti: may be absent
}

// NewMapping makes a Mapping of p.
func NewMapping(p Paths) (*Mapping, error) {
	m := new(Mapping)
	for _, to := range []struct {
		paths []string
		dst   *[]path
	}{{p.Roles, &m.roles}, {p.Scopes, &m.scopes}, {p.Client, &m.client}} {
		for _, s := range to.paths {
			steps := strings.Split(s, ".")
			if slices.Contains(steps, "") {
				return nil, fmt.Errorf("%w: path %q has an empty name", ErrMapping, s)
			}
			*to.dst = append(*to.dst, path{s, steps})
		}
	}
	for _, name := range p.Optional {
		if !slices.Contains([]string{"sub", "aud", "client_id", "jti"}, name) {
			return nil, fmt.Errorf("%w: %q cannot be optional", ErrMapping, name)
		}
	}
	m.optional = p.Optional
	return m, nil
}

// path is a path whole and taken apart.
type path struct {
	name  string
	steps []string
}

// optional are the required claims that may be absent.
type optional []string

func (o optional) has(name string) bool { return slices.Contains(o, name) }

// find reads the list at p, which is empty where there is none.
func (b *builder) find(p path) list {
	t := b.token
	s, whole := &t.scanner, value{kind: object, end: len(t.Payload)}
	v, ok := member(s, t.Payload, whole, p.name)
	if !ok {
		v, ok = whole, true
		for i := 0; ok && i < len(p.steps); i++ {
			v, ok = member(s, t.Payload, v, p.steps[i])
		}
	}
	if !ok {
		return list{}
	}
	s.reset(t.Payload)
	if s.i = v.start; v.kind == str || v.kind == escStr {
		s.i-- // the quote
	}
	l := t.payload.list(s)
	if s.err != nil {
		b.err = s.err
	}
	return l
}

// member finds the member called name in v, if that is an object.
func member(s *scanner, b []byte, v value, name string) (found value, ok bool) {
	if v.kind != object {
		return found, false
	}
	s.reset(b)
	s.i = v.start
	s.space()
	for more, sc := s.object(); more; more = s.next(sc) {
		is := string(s.name(sc)) == name
		if v := s.value(); is {
			found, ok = v, true
		}
	}
	return found, ok
}
