package introspect

import (
	"encoding/json"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

// The token types of RFC 8693, section 3, that are known here.
const (
	typeAccess = "urn:ietf:params:oauth:token-type:access_token"
	typeJWT    = "urn:ietf:params:oauth:token-type:jwt"
)

// maxActor bounds the act claim, and so how long a chain of services may be.
const maxActor = 1024

// grantExchange gives a service that holds a caller's token another token for
// the same caller, to call a further service with (RFC 8693): for the same
// audience or part of it, the same scope or part of it, and no longer a life.
// Who asked is recorded in act.
func (s *Service) grantExchange(ctx *fasthttp.RequestCtx, f form) error {
	client, err := s.authenticated(ctx, &f)
	if err != nil {
		return err
	}
	if !client.Service {
		return errUnauthorizedClient
	}
	if err := checkExchange(f); err != nil {
		return err
	}
	now := s.now().Unix()
	subject, err := s.lookup(f.peek("subject_token"), now)
	if gone(err) {
		return invalidRequest("subject_token is not a live access token of this issuer")
	}
	if err != nil {
		return err
	}
	scope, err := narrow(f.get("scope"), store.Scopes(subject.Scope))
	if err != nil {
		return err
	}
	audience, err := targets(f, subject.Audience)
	if err != nil {
		return err
	}
	actor, err := act(client.ID, subject.Actor)
	if err != nil {
		return err
	}
	m, err := s.issue(&store.Token{
		Session: family(subject), Subject: subject.Subject, ClientID: client.ID, Scope: scope,
		Roles: subject.Roles, Audience: audience, Actor: actor, Person: subject.Person,
	}, now, subject.Expires)
	if err != nil {
		return err
	}
	s.audit("issue", "grant", "token-exchange", "client", client.ID, "subject", subject.Subject,
		"from", subject.ID, "token", m.token.ID)
	answerJSON(ctx, 200, m.answer("", typeAccess))
	return nil
}

// checkExchange refuses what is asked in a way that is not understood here,
// before any token is looked at.
func checkExchange(f form) error {
	switch kind := f.get("subject_token_type"); {
	case len(f.peek("subject_token")) == 0 || kind == "":
		return invalidRequest("subject_token and subject_token_type are required")
	case kind != typeAccess && kind != typeJWT:
		return invalidRequest("subject_token_type must be that of an access token")
	case kind == typeJWT && token.IsAccess(f.peek("subject_token")):
		return invalidRequest("subject_token is no JWT")
	}
	if kind := f.get("requested_token_type"); kind != "" && kind != typeAccess {
		return invalidRequest("requested_token_type must be that of an access token")
	}
	if len(f.peek("actor_token")) > 0 || len(f.peek("actor_token_type")) > 0 {
		return invalidRequest("actor_token is not supported: the actor is the client itself")
	}
	return nil
}

// family is the sid of tokens derived from t, by which they die with it. A
// token without a session is the head of its own.
func family(t *store.Token) string {
	if t.Session != "" {
		return t.Session
	}
	return t.ID
}

// act is the act claim of a token that client obtains on the strength of one
// whose act claim was before (RFC 8693, section 4.1).
func act(client, before string) (string, error) {
	b, err := json.Marshal(struct {
		Subject string          `json:"sub"`
		Before  json.RawMessage `json:"act,omitempty"`
	}{client, json.RawMessage(before)})
	if err != nil {
		return "", err
	}
	if len(b) > maxActor {
		return "", invalidRequest("the chain of actors is too long")
	}
	return string(b), nil
}
