package jwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Mapping says in which claims an issuer keeps what RFC 9068 keeps in sub,
// client_id, jti, scope and roles, and which of the required claims it does
// without.
type Mapping struct {
	subject, client, id, roles, scopes []path
	optional                           optional
	issuer                             string
	answer                             bool
}

var rfc9068 Mapping

// ErrMapping: a Mapping or a Rule cannot be made of what was asked for.
var ErrMapping = errors.New("bad claim mapping")

// Paths name the claims to read. A path is the name of a claim, or names separated
// by dots that lead into nested objects (realm_access.roles); where a claim has
// more of the path for its name, dots and all, that one is meant. Of several paths
// for roles or scopes all are read; for the others, the first that is there.
type Paths struct {
	Subject  []string // none: sub
	Client   []string // none: client_id
	TokenID  []string // none: jti
	Roles    []string // none: roles
	Scopes   []string // none: scope and scp
	Optional []string // of OptionalClaims: may be absent
	// Issuer is the issuer of tokens without iss. Where it is empty they are refused.
	Issuer string
	// Answer says that claims are read of an introspection answer (RFC 7662, section
	// 2.2) and not of a token: exp, iat and aud are optional there. Without exp the
	// claims expire at the end of time.
	Answer bool
}

// OptionalClaims are the claims that an issuer may do without. What Paths lead to
// goes by the name that it has in RFC 9068.
func OptionalClaims() []string { return []string{"sub", "aud", "client_id", "jti", "iat"} }

// NewMapping makes a Mapping of p.
func NewMapping(p Paths) (*Mapping, error) {
	m := &Mapping{issuer: p.Issuer, answer: p.Answer}
	if p.Answer {
		m.optional = noAudience | noIssued
	}
	for _, to := range []struct {
		paths []string
		dst   *[]path
	}{{p.Subject, &m.subject}, {p.Client, &m.client}, {p.TokenID, &m.id}, {p.Roles, &m.roles}, {p.Scopes, &m.scopes}} {
		for _, s := range to.paths {
			at, err := newPath(s)
			if err != nil {
				return nil, err
			}
			*to.dst = append(*to.dst, at)
		}
	}
	for _, name := range p.Optional {
		i := slices.Index(OptionalClaims(), name)
		if i < 0 {
			return nil, fmt.Errorf("%w: %q cannot be optional; one of %s can", ErrMapping, name, strings.Join(OptionalClaims(), ", "))
		}
		m.optional |= 1 << i
	}
	return m, nil
}

// optional are the required claims that may be absent, bits in the order of
// OptionalClaims.
type optional uint8

const (
	noSubject optional = 1 << iota
	noAudience
	noClient
	noID
	noIssued
)

// path is a path whole and taken apart.
type path struct {
	name     string
	steps    []string
	prefixes []string // the whole of it, then without the last step, and so on
}

func newPath(s string) (path, error) {
	steps := strings.Split(s, ".")
	if s == "" || slices.Contains(steps, "") && !strings.Contains(s, "://") {
		return path{}, fmt.Errorf("%w: path %q has an empty name", ErrMapping, s)
	}
	p := path{name: s, steps: steps}
	for n := len(steps); n > 0; n-- {
		p.prefixes = append(p.prefixes, strings.Join(steps[:n], "."))
	}
	return p, nil
}

// value finds the value at p in a payload that Scan accepted. The claim may have
// dots in its own name: of several readings the one with the longest name is
// meant. The lists among the claims that Scan knows are not found here; see list.
func (t *Token) value(p *path) (value, bool) {
	for i, name := range p.prefixes {
		v, ok := t.top(name)
		for _, step := range p.steps[len(p.steps)-i:] {
			if !ok {
				break
			}
			v, ok = t.inside(v, step)
		}
		if ok {
			return v, true
		}
	}
	return value{}, false
}

// top finds a claim by its name.
func (t *Token) top(name string) (value, bool) {
	p := &t.payload
	var v value
	switch name {
	case "iss":
		v = p.issuer
	case "sub":
		v = p.subject
	case "jti":
		v = p.id
	case "client_id":
		v = p.client
	case "sid":
		v = p.session
	default:
		for i := range p.members {
			if string(p.members[i].name) == name {
				return p.members[i].value, true
			}
		}
		return value{}, false
	}
	return v, v.end > 0
}

// inside finds the member called name in v, if that is an object.
func (t *Token) inside(v value, name string) (found value, ok bool) {
	if v.kind != object {
		return found, false
	}
	s := &t.scanner
	s.seek(v.start)
	for more, sc := s.object(); more; more = s.next(sc) {
		is := string(s.name(sc)) == name
		if v := s.value(); is {
			found, ok = v, true
		}
	}
	return found, ok
}

// list finds the strings at p, none where there is nothing that holds strings.
func (t *Token) list(p *path) list {
	if l, ok := t.known(p.name); ok {
		return l
	}
	v, ok := t.value(p)
	if !ok {
		return list{}
	}
	start := v.start
	if v.kind == str || v.kind == escStr {
		start-- // the quote
	}
	t.scanner.seek(start)
	return t.payload.list(&t.scanner)
}

// known is the list that Scan has read of the claim called name.
func (t *Token) known(name string) (list, bool) {
	switch p := &t.payload; name {
	case "aud":
		return p.audience, true
	case "scope":
		return p.scope, true
	case "scp":
		return p.scp, true
	case "roles":
		return p.roles, true
	}
	return list{}, false
}
