package jwt

import (
	"strings"

	"github.com/tollgate/tollgate/engine/claims"
)

// Claims makes claims of t's payload, reading it as m says; a nil m is RFC 9068.
// They share no memory with t or with the bytes it was parsed from.
//
// Nothing here says that the signature is right: verify it first.
func (t *Token) Claims(m *Mapping) (*claims.Claims, error) {
	if err := t.Scan(); err != nil {
		return nil, err
	}
	return t.claims(m, string(t.Payload))
}

// ReadAnswer makes a Token of the payload alone of an introspection answer, which
// has to be strict JSON as that of tokens. There is no signature to verify.
func ReadAnswer(payload []byte) (*Token, error) {
	t := &Token{Payload: payload}
	return t, t.Scan()
}

// ClaimsAndCopy is Claims and a copy of the token in the same memory, for caches
// that keep both.
func (t *Token) ClaimsAndCopy(m *Mapping) (c *claims.Claims, token string, err error) {
	if err := t.Scan(); err != nil {
		return nil, "", err
	}
	// The constant is what lets the compiler join the parts without copying each
	// first.
	text := string(t.Payload) + "\n" + string(t.raw)
	n := len(t.Payload)
	c, err = t.claims(m, text[:n])
	return c, text[n+1:], err
}

// claims makes claims of text, a copy of the payload.
func (t *Token) claims(m *Mapping, text string) (*claims.Claims, error) {
	if m == nil {
		m = &rfc9068
	}
	p := &t.payload
	b := builder{text: text, token: t, names: t.names[:0]}

	b.all(p.audience)
	audience := len(b.names)
	if m.scopes == nil {
		b.scopes(p.scope)
		b.scopes(p.scp)
	}
	for i := range m.scopes {
		b.scopes(t.list(&m.scopes[i]))
	}
	scopes := len(b.names)
	if m.roles == nil {
		b.all(p.roles)
	}
	for i := range m.roles {
		b.all(t.list(&m.roles[i]))
	}
	t.names = b.names

	v := claims.Values{
		Issuer:    b.string(p.issuer),
		Subject:   b.first(m.subject, p.subject),
		ClientID:  b.first(m.client, p.client),
		TokenID:   b.first(m.id, p.id),
		SessionID: b.string(p.session),
		KeyID:     t.KeyID,
		Audience:  b.names[:audience:audience],
		Scopes:    b.names[audience:scopes:scopes],
		Roles:     b.names[scopes:],
		IssuedAt:  p.issued,
		NotBefore: p.notBefore,
		ExpiresAt: p.expires,
		Payload:   b.text,
	}
	if v.Issuer == "" {
		v.Issuer = m.issuer
	}
	if m.answer && !p.hasExpires {
		v.ExpiresAt = maxDate
	}
	switch {
	case v.Issuer == "", !p.hasExpires && !m.answer,
		!p.hasIssued && m.optional&noIssued == 0,
		v.Subject == "" && m.optional&noSubject == 0,
		v.ClientID == "" && m.optional&noClient == 0,
		v.TokenID == "" && m.optional&noID == 0,
		len(v.Audience) == 0 && m.optional&noAudience == 0:
		return nil, claims.ErrMissingClaim
	}
	return claims.New(v), nil
}

// builder makes strings of values: where they have no escapes, they are slices
// of text.
type builder struct {
	text  string // the payload
	token *Token
	names []string
}

// first is the first text at paths, or that of usual where there are none.
func (b *builder) first(paths []path, usual value) string {
	if paths == nil {
		return b.string(usual)
	}
	for i := range paths {
		if v, ok := b.token.value(&paths[i]); ok {
			if s := b.string(v); s != "" {
				return s
			}
		}
	}
	return ""
}

func (b *builder) string(v value) string {
	switch s := b.text[v.start:v.end]; v.kind {
	case str:
		return s
	case escStr:
		return string(appendUnescaped(nil, []byte(s)))
	}
	return ""
}

// all takes the strings of l that are not empty.
func (b *builder) all(l list) {
	for _, v := range b.token.payload.items[l.from:l.to] {
		if s := b.string(v); s != "" {
			b.names = append(b.names, s)
		}
	}
}

// scopes takes the scopes of l: one string holds several, separated by spaces
// (RFC 6749, section 3.3), an element of an array holds one.
func (b *builder) scopes(l list) {
	for _, v := range b.token.payload.items[l.from:l.to] {
		s := b.string(v)
		if l.isArray {
			b.scope(s)
			continue
		}
		for more := true; more; {
			var word string
			word, s, more = strings.Cut(s, " ")
			b.scope(word)
		}
	}
}

// scope takes s if it can be one: RFC 6749 scopes are printable ASCII without
// space, quote and backslash, so that a list of them has one reading.
func (b *builder) scope(s string) {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return
		}
	}
	if s != "" {
		b.names = append(b.names, s)
	}
}
