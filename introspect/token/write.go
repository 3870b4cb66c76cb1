package token

import (
	"encoding/json"
	"strconv"

	"github.com/tollgate/tollgate/introspect/store"
)

// Grant is a successful answer of the token endpoint (RFC 6749, section 5.1).
type Grant struct {
	Access     string
	IssuedType string // RFC 8693, section 2.2.1; may be empty, like what follows
	Refresh    string
	ID         string // an ID token (OpenID Connect Core, section 3.1.3.3)
	Scope      string
	ExpiresIn  int64 // seconds
}

// AppendGrant appends the answer as JSON.
func AppendGrant(b []byte, g *Grant) []byte {
	b = appendString(append(b, `{"access_token":`...), g.Access)
	if g.IssuedType != "" {
		b = appendString(append(b, `,"issued_token_type":`...), g.IssuedType)
	}
	b = strconv.AppendInt(append(b, `,"token_type":"Bearer","expires_in":`...), g.ExpiresIn, 10)
	if g.Refresh != "" {
		b = appendString(append(b, `,"refresh_token":`...), g.Refresh)
	}
	if g.ID != "" {
		b = appendString(append(b, `,"id_token":`...), g.ID)
	}
	if g.Scope != "" {
		b = appendString(append(b, `,"scope":`...), g.Scope)
	}
	return append(b, '}')
}

// AppendClaims appends the claims of t as a JWT access token says them
// (RFC 9068, section 2.2).
func AppendClaims(b []byte, issuer string, t *store.Token) []byte {
	b = append(b, '{')
	b = appendCommon(b, issuer, t)
	return append(b, '}')
}

// AppendAnswer appends what the introspection endpoint says of the live token
// t (RFC 7662, section 2.2), up to but without the closing brace, so that a
// member may follow.
func AppendAnswer(b []byte, issuer string, t *store.Token) []byte {
	b = append(b, `{"active":true,"token_type":"Bearer",`...)
	b = appendCommon(b, issuer, t)
	if t.Person {
		b = appendString(append(b, `,"username":`...), t.Subject)
	}
	return b
}

func appendCommon(b []byte, issuer string, t *store.Token) []byte {
	b = appendString(append(b, `"iss":`...), issuer)
	b = appendString(append(b, `,"sub":`...), t.Subject)
	b = appendStrings(append(b, `,"aud":`...), t.Audience)
	b = appendString(append(b, `,"client_id":`...), t.ClientID)
	b = strconv.AppendInt(append(b, `,"iat":`...), t.Issued, 10)
	b = strconv.AppendInt(append(b, `,"exp":`...), t.Expires, 10)
	b = appendString(append(b, `,"jti":`...), t.ID)
	if t.Session != "" {
		b = appendString(append(b, `,"sid":`...), t.Session)
	}
	if t.Scope != "" {
		b = appendString(append(b, `,"scope":`...), t.Scope)
	}
	b = appendStrings(append(b, `,"roles":`...), t.Roles)
	if t.Actor != "" {
		b = append(append(b, `,"act":`...), t.Actor...)
	}
	return b
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString leaves to encoding/json all that is not plain.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic("BUG: " + err.Error())
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
