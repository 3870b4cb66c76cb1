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

	items []value // of the lists
}

// list is a claim that may be a string or an array of strings.
type list struct {
	from, to int  // its strings among items
	isArray  bool // otherwise one string, or none
}

// claimNames are the names no claim may resemble but for case.
var claimNames = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "sid", "scope", "scp", "roles",
}

// Scan reads the payload strictly and finds its claims. Those that have a meaning
// here must be of their type, whether or not anybody asks for them.
func (t *Token) Scan() error {
	p := &t.payload
	if !p.scanned {
		*p = payload{scanned: true, items: p.items[:0]}
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

func (p *payload) scan(s *scanner, b []byte) error {
	s.reset(b)
	if s.space() != '{' {
		return errJSON
	}
	for ok, sc := s.object(); ok; ok = s.next(sc) {
		name := s.name(sc)
		switch string(name) {
		case "iss":
			p.issuer = s.text()
		case "sub":
			p.subject = s.text()
		case "aud":
			p.audience = p.list(s)
		case "exp":
			p.expires, p.hasExpires = s.date(), true
		case "nbf":
			p.notBefore = s.date()
		case "iat":
			p.issued, p.hasIssued = s.date(), true
		case "jti":
			p.id = s.text()
		case "client_id":
			p.client = s.text()
		case "sid":
			p.session = s.text()
		case "scope":
			p.scope = p.list(s)
		case "scp":
			p.scp = p.list(s)
		case "roles":
			p.roles = p.list(s)
		default:
			if foldsTo(name, claimNames) {
				s.fail(errCase)
			}
			s.value()
		}
	}
	return s.end()
}

// text reads a string.
func (s *scanner) text() value {
	if s.space() != '"' {
		s.fail(errType)
		return value{}
	}
	return s.str()
}

// date reads a NumericDate.
func (s *scanner) date() claims.Time {
	if c := s.space(); c != '-' && (c < '0' || c > '9') {
		s.fail(errType)
		return 0
	}
	v := s.number()
	if s.err != nil {
		return 0
	}
	d, err := date(s.b[v.start:v.end])
	if err != nil {
		s.fail(err)
	}
	return d
}

// list reads a string or an array of strings.
func (p *payload) list(s *scanner) list {
	l := list{from: len(p.items), isArray: s.space() == '['}
	if !l.isArray {
		p.items = append(p.items, s.text())
	} else {
		for ok := s.enter(']'); ok; ok = s.more(']') {
			p.items = append(p.items, s.text())
		}
	}
	l.to = len(p.items)
	return l
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
