package client

import (
	"fmt"
	"time"

	"github.com/tollgate/tollgate/engine/jwt"
)

// signed is the payload of RFC 9701, section 5.
type signed struct {
	Issuer        string        `json:"iss"`
	Audience      audience      `json:"aud"`
	Issued        int64         `json:"iat"`
	Introspection introspection `json:"token_introspection"`
}

// maxSignedAge bounds how old a signed answer may be: it was made for this
// request, so anything beyond clock skew is a replay.
const maxSignedAge = 60 * time.Second

// readSigned makes an Answer of a signed introspection response.
func (c *Client) readSigned(body []byte, now time.Time) (*Answer, error) {
	payload, err := c.cfg.Verify(body)
	if err != nil {
		return nil, fmt.Errorf("%w: signed answer: %w", ErrUnavailable, err)
	}
	var s signed
	if err := jwt.Decode(payload, &s); err != nil {
		return nil, fmt.Errorf("%w: signed answer: %w", ErrUnavailable, err)
	}
	age := now.Sub(time.Unix(s.Issued, 0))
	if c.cfg.Issuer != "" && s.Issuer != c.cfg.Issuer || age.Abs() > maxSignedAge ||
		len(s.Audience) != 1 || s.Audience[0] != c.cfg.ClientID {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, errLies)
	}
	in := &s.Introspection
	switch {
	case in.Active == nil:
		return nil, fmt.Errorf("%w: answer without active", ErrUnavailable)
	case !*in.Active:
		return nil, ErrInactive
	case in.Phantom == "":
		return nil, fmt.Errorf("%w: answer without phantom_token", ErrUnavailable)
	}
	return c.accept(in, payload, now)
}
