package introspect

import (
	"encoding/json"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

const answerType = "application/token-introspection+jwt"

// inactive is all that is said of a token that is not active, for whatever
// reason (RFC 7662, section 2.2).
var inactive = []byte(`{"active":false}`)

// errNobody is 400, as RFC 9701, section 5, has it of who asks for a JWT and does
// not authenticate. Anything else is 401 (RFC 7662, section 2.3).
var errNobody = &refusal{status: 400, code: "invalid_client", description: "client authentication is required"}

// showsNothing reports whether a request shows no credentials: a client_id
// alone is a name.
func showsNothing(ctx *fasthttp.RequestCtx, f *form) bool {
	return len(ctx.Request.Header.PeekAll(fasthttp.HeaderAuthorization)) == 0 &&
		len(f.peek("client_secret")) == 0 && len(f.peek("client_assertion")) == 0 && len(f.peek("client_assertion_type")) == 0
}

// introspect is POST /oauth2/introspect (RFC 7662), answered as a JWT where the
// caller prefers that (RFC 9701).
func (s *Service) introspect(ctx *fasthttp.RequestCtx) error {
	f, err := readForm(ctx)
	if err != nil {
		return err
	}
	caller, err := s.service(ctx, &f)
	if err != nil {
		if err == errInvalidClient && showsNothing(ctx, &f) && wantsSigned(&ctx.Request.Header) {
			return errNobody
		}
		return err
	}
	text := f.peek("token")
	if len(text) == 0 {
		return invalidRequest("token is missing")
	}
	now := s.now().Unix()
	t, err := s.lookup(text, now)
	if err != nil && !gone(err) {
		return err
	}
	if wantsSigned(&ctx.Request.Header) {
		return s.answerSigned(ctx, caller, t, token.IsAccess(text), now)
	}
	if t == nil {
		s.metrics.inactive.Inc()
		answerJSON(ctx, 200, inactive)
		return nil
	}
	s.metrics.active.Inc()
	answerJSON(ctx, 200, t.Rendered(s.render))
	return nil
}

func (s *Service) render(t *store.Token) []byte {
	return append(token.AppendAnswer(nil, s.cfg.Issuer, t), '}')
}

// answerSigned answers with a JWT for the caller alone (RFC 9701, section 5).
// Of an opaque token it says the phantom token as well, the JWT that stands in
// for it behind the gateway. That has the opaque token's id and expiry, so it
// neither outlives it nor survives its revocation.
func (s *Service) answerSigned(ctx *fasthttp.RequestCtx, caller *store.Client, t *store.Token, opaque bool, now int64) error {
	body := inactive
	if t != nil {
		body = token.AppendAnswer(nil, s.cfg.Issuer, t)
		if opaque {
			phantom, err := s.keyring.Sign(token.AppendClaims(nil, s.cfg.Issuer, t), now)
			if err != nil {
				return err
			}
			body = append(body, `,"phantom_token":"`...)
			body = append(append(body, phantom...), '"')
		}
		body = append(body, '}')
		s.metrics.active.Inc()
	} else {
		s.metrics.inactive.Inc()
	}
	issuer, err := json.Marshal(s.cfg.Issuer)
	if err != nil {
		return err
	}
	claims := make([]byte, 0, len(body)+256)
	claims = append(append(claims, `{"iss":`...), issuer...)
	claims = append(append(claims, `,"aud":"`...), caller.ID...) // a client id has nothing to escape
	claims = strconv.AppendInt(append(claims, `","iat":`...), now, 10)
	claims = append(append(claims, `,"token_introspection":`...), body...)
	answer, err := s.keyring.SignAnswer(append(claims, '}'), now)
	if err != nil {
		return err
	}
	answerJSON(ctx, 200, answer)
	ctx.SetContentType(answerType)
	return nil
}
