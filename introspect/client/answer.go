package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
)

// An Answer is what the service vouches for. It is immutable and may be shared.
type Answer struct {
	Claims *claims.Claims
	// Phantom is the JWT that says the same, where one was asked for.
	Phantom string
}

// introspection is the body of RFC 7662, section 2.2.
type introspection struct {
	Active   *bool    `json:"active"`
	Scope    string   `json:"scope"`
	ClientID string   `json:"client_id"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	Before   int64    `json:"nbf"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Issuer   string   `json:"iss"`
	TokenID  string   `json:"jti"`
	Session  string   `json:"sid"`
	Roles    []string `json:"roles"`
	Phantom  string   `json:"phantom_token"`
}

// audience is a string or an array of strings.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var one string
		if err := jwt.Decode(b, &one); err != nil {
			return err
		}
		*a = audience{one}
		return nil
	}
	var many []string
	err := jwt.Decode(b, &many)
	*a = many
	return err
}

// members are the names of introspection.
var members = []string{
	"active", "scope", "client_id", "exp", "iat", "nbf", "sub", "aud", "iss", "jti", "sid", "roles", "phantom_token",
}

var errCase = errors.New("name differs from a known one in case")

// UnmarshalJSON decodes an introspection. The decoder takes names in any case,
// and another reader might not: such names are refused.
func (in *introspection) UnmarshalJSON(b []byte) error {
	var all map[string]json.RawMessage
	if err := jwt.Decode(b, &all); err != nil {
		return err
	}
	for name := range all {
		for _, m := range members {
			if name != m && strings.EqualFold(name, m) {
				return errCase
			}
		}
	}
	type plain introspection
	return jwt.Decode(b, (*plain)(in))
}

var errLies = errors.New("answer contradicts itself")

// read makes an Answer of an introspection response. ErrInactive is the
// service's verdict; every other error means that there was none.
func (c *Client) read(body []byte, now time.Time) (*Answer, error) {
	var in introspection
	if err := jwt.Decode(body, &in); err != nil {
		return nil, fmt.Errorf("%w: answer is not JSON of RFC 7662: %w", ErrUnavailable, err)
	}
	if in.Active == nil {
		return nil, fmt.Errorf("%w: answer without active", ErrUnavailable)
	}
	if !*in.Active {
		return nil, ErrInactive
	}
	return c.accept(&in, body, now)
}

// maxTime bounds times, in seconds: what every reader of JSON takes for the same
// number, and fits claims.Time.
const maxTime = 1 << 53

// maxAhead is how far the service's clock may be ahead of ours, or behind it.
const maxAhead = time.Minute

// timely reports whether a token with these times can be active now.
func (in *introspection) timely(now time.Time) bool {
	for _, t := range []int64{in.Expires, in.Issued, in.Before} {
		if t < -maxTime || t > maxTime {
			return false
		}
	}
	return max(in.Issued, in.Before) <= now.Add(maxAhead).Unix()
}

func (c *Client) accept(in *introspection, body []byte, now time.Time) (*Answer, error) {
	// An active token has an expiry (section 2.2 of RFC 7662 makes it optional; a
	// cache has to know it) and says whose it is.
	if in.Expires <= now.Add(-maxAhead).Unix() || !in.timely(now) || in.Subject == "" || in.TokenID == "" ||
		c.cfg.Issuer != "" && in.Issuer != c.cfg.Issuer {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, errLies)
	}
	if in.Expires <= now.Unix() { // the service's clock is a little behind ours
		return nil, ErrInactive
	}
	if c.cfg.Audience != "" && !slices.Contains(in.Audience, c.cfg.Audience) {
		return nil, ErrInactive
	}
	key := ""
	if in.Phantom != "" {
		// The phantom falls with the key that signed it.
		t, err := jwt.Parse([]byte(in.Phantom))
		if err != nil {
			return nil, fmt.Errorf("%w: phantom_token: %w", ErrUnavailable, err)
		}
		key = t.KeyID
	}
	return &Answer{
		Phantom: in.Phantom,
		Claims: claims.New(claims.Values{
			Issuer:    in.Issuer,
			Subject:   in.Subject,
			ClientID:  in.ClientID,
			TokenID:   in.TokenID,
			SessionID: in.Session,
			KeyID:     key,
			Audience:  in.Audience,
			Scopes:    strings.Fields(in.Scope),
			Roles:     in.Roles,
			IssuedAt:  claims.Time(in.Issued * 1000),
			NotBefore: claims.Time(in.Before * 1000),
			ExpiresAt: claims.Time(in.Expires * 1000),
			Payload:   string(body),
		}),
	}, nil
}
