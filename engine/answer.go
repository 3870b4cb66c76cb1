package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
)

// ErrInactive: the issuer says that the token is not active, or that it is no
// access token.
var ErrInactive = errors.New("token is not active")

// An AnswerReader reads what an issuer's introspection endpoint says of a token
// (RFC 7662, section 2.2) by the issuer's rules. It is safe for concurrent use.
type AnswerReader struct{ issuer *issuer }

// NewAnswerReader returns a reader for i, whose Keys, Types and Algorithms have no
// meaning there.
func NewAnswerReader(i Issuer) (*AnswerReader, error) {
	empty, _, err := keyset.Parse([]byte(`{"keys":[]}`))
	if err != nil {
		panic("BUG: an empty key set cannot be read")
	}
	i.Keys, i.answer = keyset.Fixed(empty), true
	r, err := newIssuer(i)
	if err != nil {
		return nil, err
	}
	return &AnswerReader{r}, nil
}

// Explain says why Read refuses answer with err, for operators, as
// [Engine.Explain] does of tokens: never send it to clients.
func (r *AnswerReader) Explain(answer []byte, err error, now time.Time) string {
	t, malformed := jwt.ReadAnswer(answer)
	if malformed != nil {
		return malformed.Error()
	}
	switch {
	case errors.Is(err, ErrInactive) && t.Raw("active") == "true":
		return "the token is a refresh token"
	case errors.Is(err, ErrIssuer):
		iss, _ := t.Text("iss")
		return fmt.Sprintf("iss is %s; the configuration has %q", short(iss), r.issuer.name)
	}
	c, _ := t.Claims(r.issuer.mapping)
	return (&explainer{token: t, issuer: r.issuer, claims: c, now: claims.At(now)}).detail(err)
}

// Read makes claims of an answer. Beside the reasons for which tokens are refused
// it returns ErrInactive.
func (r *AnswerReader) Read(answer []byte, now time.Time) (*claims.Claims, error) {
	t, err := jwt.ReadAnswer(answer)
	if err != nil {
		return nil, err
	}
	switch t.Raw("active") {
	case "true":
	case "false":
		return nil, ErrInactive
	default:
		return nil, ErrMalformed
	}
	// Servers introspect refresh tokens too, and call them active.
	for claim, refresh := range map[string]string{"token_use": "refresh_token", "token_type": "refresh_token", "typ": "Refresh"} {
		if said, ok := t.Text(claim); ok && said == refresh {
			return nil, ErrInactive
		}
	}
	c, err := t.Claims(r.issuer.mapping)
	if err != nil {
		return nil, err
	}
	if !r.issuer.isNamed(c.Issuer()) {
		return nil, ErrIssuer
	}
	if err := r.issuer.checkToken(t, c); err != nil {
		return nil, err
	}
	return c, r.issuer.policy.CheckTime(c, claims.At(now))
}
