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

// Bounds on the act claim, and so on how long a chain of services may be. Readers
// of JSON stop at a depth, the gateway at 32 levels: maxActors objects lie within
// that, also inside a signed introspection answer, which adds two.
const (
	maxActor  = 1024 // bytes
	maxActors = 30
)

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
		return errSubjectToken
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
	m, err := s.derive(subject, &store.Token{
		Session: family(subject), Subject: subject.Subject, ClientID: client.ID, Scope: scope,
		Roles: subject.Roles, Audience: audience, Actor: actor, Person: subject.Person,
	}, s.formFor(client), now)
	if err != nil {
		return err
	}
	s.audit("issue", "grant", "token-exchange", "client", client.ID, "subject", subject.Subject,
		"from", subject.ID, "token", m.token.ID)
	answerJSON(ctx, 200, m.answer("", typeAccess))
	return nil
}

var errSubjectToken = invalidRequest("subject_token is not a live access token of this issuer")

// derive issues t in exchange for subject. Tokens of a session, and those
// exchanged for a client's own token, die with that by their sid. An exchanged
// token has the sid of what it came from, so what is exchanged for it is recorded
// as its own, for derived to find. A token that is about to be revoked is looked
// for after that: either it is seen here, or the record is seen there.
func (s *Service) derive(subject, t *store.Token, f tokenForm, now int64) (*minted, error) {
	m, err := s.mint(t, f, now, subject.Expires)
	if err != nil {
		return nil, err
	}
	if subject.Actor == "" {
		return m, s.keep(m)
	}
	err = s.store.Keep(background, &store.Record{
		Kind: store.RecordDerived, Digest: store.DigestOf([]byte(t.ID)), Owner: subject.ID,
		Value: []byte(t.ID), Expires: subject.Expires,
	})
	if err != nil {
		return nil, err
	}
	_, err = s.store.Record(background, store.RecordEnding, store.DigestOf([]byte(subject.ID)), now)
	switch {
	case err == nil:
		return nil, errSubjectToken
	case !gone(err):
		return nil, err
	}
	return m, s.keep(m)
}

// derived are the ids of all tokens that were exchanged for the one called id,
// and of those exchanged for these. From now on none of them can be exchanged,
// nor can the token itself, which expires then: the caller revokes them.
func (s *Service) derived(id string, expires, now int64) (all []string, err error) {
	for parents := []string{id}; len(parents) > 0; {
		ending := make([]*store.Record, len(parents))
		for i, parent := range parents {
			ending[i] = &store.Record{
				Kind: store.RecordEnding, Digest: store.DigestOf([]byte(parent)), Value: []byte{}, Expires: expires,
			}
		}
		if err := s.store.Keep(background, ending...); err != nil {
			return nil, err
		}
		var children []string
		for _, parent := range parents {
			list, err := s.store.Owned(background, store.RecordDerived, parent, now)
			if err != nil {
				return nil, err
			}
			for _, r := range list {
				children = append(children, string(r.Value))
			}
		}
		all, parents = append(all, children...), children
	}
	return all, nil
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
	if len(b) > maxActor || actors(before) >= maxActors {
		return "", invalidRequest("the chain of actors is too long")
	}
	return string(b), nil
}

// actors is how many actors an act claim names.
func actors(act string) (n int) {
	for act != "" {
		var actor struct {
			Before json.RawMessage `json:"act"`
		}
		if json.Unmarshal([]byte(act), &actor) != nil {
			return maxActors // it is not ours to add to
		}
		act, n = string(actor.Before), n+1
	}
	return n
}
