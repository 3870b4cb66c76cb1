package introspect

import (
	"bytes"
	"encoding/json"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize"
)

var (
	errNoToken  = &refusal{status: 401, scheme: "Bearer"}
	errBadToken = &refusal{status: 401, scheme: "Bearer", code: "invalid_token", description: "token is unknown, expired or revoked"}
	errNoOpenID = &refusal{status: 403, scheme: "Bearer", code: "insufficient_scope", description: "token does not have the scope openid, or is no person's"}
)

// userinfo is GET or POST /oauth2/userinfo (OpenID Connect Core, section 5.3):
// what the scopes of an access token let its holder know of the person.
func (s *Service) userinfo(ctx *fasthttp.RequestCtx) error {
	scheme, text, _ := bytes.Cut(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization), []byte(" "))
	if text = bytes.TrimLeft(text, " "); len(text) == 0 || !bytes.EqualFold(scheme, []byte("Bearer")) {
		return errNoToken
	}
	t, err := s.lookup(text, s.now().Unix())
	if gone(err) {
		return errBadToken
	}
	if err != nil {
		return err
	}
	if !t.Person || !authorize.HasScope(t.Scope, authorize.ScopeOpenID) {
		return errNoOpenID
	}
	user, err := s.store.User(background, t.Subject)
	if gone(err) || err == nil && user.Disabled {
		return errBadToken
	}
	if err != nil {
		return err
	}
	claims := map[string]any{"sub": user.ID}
	if authorize.HasScope(t.Scope, authorize.ScopeProfile) {
		claims["preferred_username"] = user.ID
		if user.Name != "" {
			claims["name"] = user.Name
		}
	}
	if authorize.HasScope(t.Scope, authorize.ScopeEmail) && user.Email != "" {
		claims["email"], claims["email_verified"] = user.Email, user.EmailVerified
	}
	if authorize.HasScope(t.Scope, authorize.ScopeRoles) {
		claims["roles"] = append([]string{}, user.Roles...)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return err
	}
	answerJSON(ctx, 200, body)
	return nil
}
