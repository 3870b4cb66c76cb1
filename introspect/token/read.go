package token

import (
	"encoding/json"

	"github.com/tollgate/tollgate/introspect/store"
)

// ParseClaims reads claims that AppendClaims has written and whose signature
// has been verified.
func ParseClaims(payload []byte) (*store.Token, error) {
	var c struct {
		Subject  string          `json:"sub"`
		Audience []string        `json:"aud"`
		ClientID string          `json:"client_id"`
		Issued   int64           `json:"iat"`
		Expires  int64           `json:"exp"`
		ID       string          `json:"jti"`
		Session  string          `json:"sid"`
		Scope    string          `json:"scope"`
		Roles    []string        `json:"roles"`
		Actor    json.RawMessage `json:"act"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, err
	}
	return &store.Token{
		ID: c.ID, Session: c.Session, Subject: c.Subject, ClientID: c.ClientID, Scope: c.Scope,
		Roles: c.Roles, Audience: c.Audience, Actor: string(c.Actor),
		// A client is the subject of the tokens that it obtained for itself alone.
		Person: c.Subject != c.ClientID && len(c.Actor) == 0 && c.Session != "",
		Issued: c.Issued, Expires: c.Expires,
	}, nil
}
