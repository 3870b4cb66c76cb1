package claims

import (
	"iter"
	"strings"
)

// Values are the parts of a Claims, as the package that verified the token
// found them. Strings are immutable and may share one backing copy of the token's
// payload, but never the caller's token bytes; lists are copied by New.
type Values struct {
	Issuer    string // iss
	Subject   string // sub
	ClientID  string // client_id
	TokenID   string // jti
	SessionID string // sid, the family of tokens that one login began; may be empty
	KeyID     string // kid of the key that verified the signature; empty for an opaque token
	Audience  []string
	Scopes    []string
	Roles     []string
	IssuedAt  Time   // iat; 0 where absent
	NotBefore Time   // nbf; 0 where absent
	ExpiresAt Time   // exp
	Payload   string // the JSON object all of this was read from
}

// Claims are what a verified token says about its caller. A *Claims owns its
// memory, never changes, and is safe to share between goroutines and to cache.
type Claims struct {
	v    Values
	room [8]string // of the lists, where they fit
}

// New returns Claims made of v, with lists of their own.
func New(v Values) *Claims {
	c := &Claims{v: v}
	names := c.room[:0]
	if n := len(v.Audience) + len(v.Scopes) + len(v.Roles); n > len(c.room) {
		names = make([]string, 0, n)
	}
	for _, list := range []*[]string{&c.v.Audience, &c.v.Scopes, &c.v.Roles} {
		start := len(names)
		names = append(names, *list...)
		*list = names[start:len(names):len(names)]
	}
	return c
}

// Issuer is the iss claim (RFC 7519, section 4.1.1).
func (c *Claims) Issuer() string { return c.v.Issuer }

// Subject is the sub claim: the user, or the client where it acts for itself.
func (c *Claims) Subject() string { return c.v.Subject }

// ClientID is the client_id claim (RFC 9068, section 2.2).
func (c *Claims) ClientID() string { return c.v.ClientID }

// TokenID is the jti claim, by which one token is revoked.
func (c *Claims) TokenID() string { return c.v.TokenID }

// SessionID is the sid claim, by which all tokens of one login are revoked.
// It is empty where the issuer does not say.
func (c *Claims) SessionID() string { return c.v.SessionID }

// KeyID names the key that verified the token; it is empty for opaque tokens.
func (c *Claims) KeyID() string { return c.v.KeyID }

// IssuedAt is the iat claim, 0 where absent.
func (c *Claims) IssuedAt() Time { return c.v.IssuedAt }

// NotBefore is the nbf claim, 0 where absent.
func (c *Claims) NotBefore() Time { return c.v.NotBefore }

// ExpiresAt is the exp claim: from this instant on the token is refused.
func (c *Claims) ExpiresAt() Time { return c.v.ExpiresAt }

// Payload is the JSON object the claims were read from, for claims that have
// no method here.
func (c *Claims) Payload() string { return c.v.Payload }

// Audience yields the aud claim.
func (c *Claims) Audience() iter.Seq[string] { return each(c.v.Audience) }

// Scopes yields the scopes granted (RFC 6749, section 3.3).
func (c *Claims) Scopes() iter.Seq[string] { return each(c.v.Scopes) }

// Roles yields the roles of the caller.
func (c *Claims) Roles() iter.Seq[string] { return each(c.v.Roles) }

// HasAudience reports whether name is one of the token's audiences.
func (c *Claims) HasAudience(name string) bool { return has(c.v.Audience, name) }

// HasScope reports whether the scope called name was granted.
func (c *Claims) HasScope(name string) bool { return has(c.v.Scopes, name) }

// HasRole reports whether the caller has the role called name.
func (c *Claims) HasRole(name string) bool { return has(c.v.Roles, name) }

// ScopeList is the scopes in the form of RFC 6749: separated by one space.
func (c *Claims) ScopeList() string { return strings.Join(c.v.Scopes, " ") }

// RoleList is the roles separated by commas, each as Text encodes it: the form of
// X-Auth-Roles.
func (c *Claims) RoleList() string {
	plain := true
	for _, r := range c.v.Roles {
		plain = plain && isPlain(r, ',')
	}
	if plain {
		return strings.Join(c.v.Roles, ",")
	}
	var list []byte
	for i, r := range c.v.Roles {
		if i > 0 {
			list = append(list, ',')
		}
		list = AppendText(list, r, ',')
	}
	return string(list)
}

func each(list []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, s := range list {
			if !yield(s) {
				return
			}
		}
	}
}

func has(list []string, name string) bool {
	for _, s := range list {
		if s == name {
			return true
		}
	}
	return false
}
