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
			claim, p.audience = 1<<2, p.list(s)
		case "exp":
			claim, p.expires, p.hasExpires = 1<<3, s.date(), true
		case "nbf":
			claim, p.notBefore = 1<<4, s.date()
		case "iat":
			claim, p.issued, p.hasIssued = 1<<5, s.date(), true
		case "jti":
			claim, p.id = 1<<6, s.text()
		case "client_id":
			claim, p.client = 1<<7, s.text()
		case "sid":
			claim, p.session = 1<<8, s.text()
		case "scope":
			claim, p.scope = 1<<9, p.list(s)
		case "scp":
			claim, p.scp = 1<<10, p.list(s)
		case "roles":
			claim, p.roles = 1<<11, p.list(s)
		default:
			s.isNew(sc, name)
			if foldsTo(name, claimNames) {
				s.fail(errCase)
			}
			s.value()
		}
		if seen&claim != 0 {
			s.fail(errDuplicate)
		}
		seen |= claim
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
	c := s.space()
	if t, ok := s.seconds(); ok {
		return t
	}
	if c != '-' && (c < '0' || c > '9') {
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
