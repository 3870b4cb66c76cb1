package jwt

import (
	"github.com/tollgate/tollgate/engine/claims"
)

// payload is where, in a token's payload, the claims stand that have a meaning
// here. Nothing is copied before the signature is verified.
type payload struct {
	scanned bool
	err     error // of the scan

	issuer, subject, client, id, session value
	audience, scope, scp, roles          list

	expires, issued, notBefore claims.Time
	hasExpires, hasIssued      bool
	bound                      bool // there is a cnf (RFC 7800)

	items   []value  // of the lists
	members []member // of the payload, but those named above
}

// member is a member of the payload that has no meaning here unless a Mapping or
// a Rule names it.
type member struct {
	name  []byte // valid until the scanner is reset
	value value
}

// list is a claim that may hold several strings.
type list struct {
	from, to int  // its strings among items
	isArray  bool // or an object; otherwise one string, or none
}

// claimNames are the names no claim may resemble but for case. Roles is not among
// them: some issuers write it, and it grants nothing unless a Mapping names it.
var claimNames = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "sid", "scope", "scp", "cnf",
}

// Scan reads the payload strictly and finds its claims. What decides about the
// token itself (iss, sub, aud, exp, nbf, iat, jti) must be of its type, whether or
// not anybody asks for it; client_id, sid, scope, scp and roles of another shape
// say nothing. A claim that is null is absent.
func (t *Token) Scan() error {
	p := &t.payload
	if !p.scanned {
		*p = payload{scanned: true, items: p.items[:0], members: p.members[:0]}
		p.err = p.scan(&t.scanner, t.Payload)
	}
	return p.err
}

// Issuer is the unescaped iss claim of a payload that Scan accepted, empty where
// absent.
func (t *Token) Issuer() []byte {
	issuer, _ := text(t.Payload, t.payload.issuer)
	return issuer
}

// Subject is the unescaped sub claim, as Issuer is iss.
func (t *Token) Subject() []byte {
	subject, _ := text(t.Payload, t.payload.subject)
	return subject
}

func (p *payload) scan(s *scanner, b []byte) error {
	s.reset(b)
	if s.space() != '{' {
		return errJSON
	}
	seen := 0 // bits of claimNames; other names the scanner keeps account of
	for ok, sc := s.object(); ok; ok = s.next(sc) {
		name := s.anyName()
		claim := 0
		switch string(name) {
		case "iss":
			claim, p.issuer = 1<<0, s.text()
		case "sub":
			claim, p.subject = 1<<1, s.text()
		case "aud":
			claim, p.audience = 1<<2, p.strings(s)
		case "exp":
			claim = 1 << 3
			p.expires, p.hasExpires = s.date()
		case "nbf":
			claim = 1 << 4
			p.notBefore, _ = s.date()
		case "iat":
			claim = 1 << 5
			p.issued, p.hasIssued = s.date()
		case "jti":
			claim, p.id = 1<<6, s.text()
		case "client_id":
			claim, p.client = 1<<7, s.value()
		case "sid":
			claim, p.session = 1<<8, s.value()
		case "scope":
			claim, p.scope = 1<<9, p.list(s)
		case "scp":
			claim, p.scp = 1<<10, p.list(s)
		case "roles":
			claim, p.roles = 1<<11, p.list(s)
		case "cnf":
			claim, p.bound = 1<<12, !s.isNull(s.value())
		default:
			s.isNew(sc, name)
			if foldsTo(name, claimNames) {
				s.fail(errCase)
			}
			p.members = append(p.members, member{name, s.value()})
		}
		if seen&claim != 0 {
			s.fail(errDuplicate)
		}
		seen |= claim
	}
	return s.end()
}

// Bound reports whether a payload that Scan accepted has a confirmation claim
// (RFC 7800): whoever presents the token would have to prove possession of a key,
// and a bearer does not.
func (t *Token) Bound() bool { return t.payload.bound }

// text reads a string or null.
func (s *scanner) text() value {
	switch s.space() {
	case '"':
		return s.str()
	case 'n':
		return s.value()
	}
	s.fail(errType)
	return value{}
}

// isNull reports whether v is null.
func (s *scanner) isNull(v value) bool {
	return v.kind == other && v.start < len(s.b) && s.b[v.start] == 'n'
}

// date reads a NumericDate; ok is false where there is null.
func (s *scanner) date() (t claims.Time, ok bool) {
	c := s.space()
	if t, ok := s.seconds(); ok {
		return t, true
	}
	if c == 'n' {
		s.value()
		return 0, false
	}
	if c != '-' && (c < '0' || c > '9') {
		s.fail(errType)
		return 0, false
	}
	v := s.number()
	if s.err != nil {
		return 0, false
	}
	d, err := date(s.b[v.start:v.end])
	if err != nil {
		s.fail(err)
	}
	return d, err == nil
}

// seconds reads what nearly all dates are: up to fifteen digits and nothing more,
// which are in range.
func (s *scanner) seconds() (t claims.Time, ok bool) {
	i := s.i
	for ; i < len(s.b) && s.b[i]-'0' <= 9; i++ {
		t = t*10 + claims.Time(s.b[i]-'0')
	}
	if n := i - s.i; n == 0 || n > 15 || s.b[s.i] == '0' || i == len(s.b) || s.b[i] == '.' || s.b[i]|0x20 == 'e' {
		return 0, false
	}
	s.i = i
	return t * 1000, true
}

// strings reads a string or an array of strings, or null.
func (p *payload) strings(s *scanner) list {
	l := list{from: len(p.items), isArray: s.space() == '['}
	if !l.isArray {
		p.items = append(p.items, s.text())
	} else {
		for ok := s.enter(']'); ok; ok = s.more(']') {
			if s.space() != '"' {
				s.fail(errType)
			}
			p.items = append(p.items, s.text())
		}
	}
	l.to = len(p.items)
	return l
}

// list reads the strings of a value of any shape: a string, the elements of an
// array, the names of an object. An element that is an object stands for its
// value or, without that, its name, if that is a string; so does the whole value.
// What is none of these is left out.
func (p *payload) list(s *scanner) list {
	l := list{from: len(p.items), isArray: true}
	switch s.space() {
	case '"':
		l.isArray = false
		p.items = append(p.items, s.str())
	case '[':
		for ok := s.enter(']'); ok; ok = s.more(']') {
			switch s.space() {
			case '"':
				p.items = append(p.items, s.str())
			case '{':
				p.object(s, false)
			default:
				s.value()
			}
		}
	case '{':
		p.object(s, true)
	default:
		s.value()
	}
	l.to = len(p.items)
	return l
}

// object reads an object of a list. With names, an object without value and name
// stands for the names of its members, but those that are null or false.
func (p *payload) object(s *scanner, names bool) {
	from := len(p.items)
	var said, called value
	for ok, sc := s.object(); ok; ok = s.next(sc) {
		nameAt, name := s.nameAt()
		s.isNew(sc, name)
		v := s.value()
		isText := v.kind == str || v.kind == escStr
		switch {
		case isText && string(name) == "value":
			said = v
		case isText && string(name) == "name":
			called = v
		case names && (v.kind != other || s.err == nil && s.b[v.start] == 't'):
			p.items = append(p.items, nameAt)
			continue
		}
	}
	if said.kind == other {
		said = called
	}
	if said.kind != other {
		p.items = append(p.items[:from], said)
	}
}

// text is the unescaped text of v, which must be a string of b.
func text(b []byte, v value) ([]byte, bool) {
	switch v.kind {
	case str:
		return b[v.start:v.end], true
	case escStr:
		return appendUnescaped(nil, b[v.start:v.end]), true
	}
	return nil, false
}
