package introspect

import (
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

// The grants of the token endpoint. A password grant is not among them
// (RFC 9700, section 2.4).
const (
	grantCode     = "authorization_code"
	grantClient   = "client_credentials"
	grantRefresh  = "refresh_token"
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// token is POST /oauth2/token (RFC 6749, section 3.2).
func (s *Service) token(ctx *fasthttp.RequestCtx) error {
	// RFC 8707, section 2, and RFC 8693, section 2.1, let these be repeated.
	f, err := readForm(ctx, "audience", "resource")
	if err != nil {
		return err
	}
	switch f.get("grant_type") {
	case grantCode:
		return s.grantCode(ctx, f)
	case grantClient:
		return s.grantClient(ctx, f)
	case grantRefresh:
		return s.grantRefresh(ctx, f)
	case grantExchange:
		return s.grantExchange(ctx, f)
	case "":
		return invalidRequest("grant_type is missing")
	}
	return errUnsupportedGrant
}

// grantClient gives a client a token for itself (RFC 6749, section 4.4).
func (s *Service) grantClient(ctx *fasthttp.RequestCtx, f form) error {
	c, shown, err := readCredentials(ctx, &f)
	if err != nil {
		return err
	}
	if !shown || len(c.secret) == 0 {
		return errInvalidClient
	}
	now := s.moment(c.id, c.id)
	client, err := s.client(background, c)
	if err != nil {
		return err
	}
	scope, err := narrow(f.get("scope"), client.Scopes)
	if err != nil {
		return err
	}
	audience, err := targets(f, s.audience(client))
	if err != nil {
		return err
	}
	m, err := s.issue(&store.Token{
		Subject: client.ID, ClientID: client.ID, Scope: scope,
		Roles: client.Roles, Audience: audience,
	}, s.formFor(client), now, 0)
	if err != nil {
		return err
	}
	s.audit("issue", "grant", grantClient, "client", client.ID, "token", m.token.ID)
	answerJSON(ctx, 200, m.answer("", ""))
	return nil
}

// grantRefresh renews an access token (RFC 6749, section 6). Each refresh
// token works once; a second use later than the grace tells that somebody else has
// it, and ends the session (RFC 9700, section 4.14.2).
func (s *Service) grantRefresh(ctx *fasthttp.RequestCtx, f form) error {
	caller, err := s.anyone(ctx, &f)
	if err != nil {
		return err
	}
	old := f.peek("refresh_token")
	if len(old) == 0 {
		return invalidRequest("refresh_token is missing")
	}
	if !token.IsRefresh(old) {
		return errRefresh
	}
	now := s.now().Unix()
	digest := store.DigestOf(old)
	session, err := s.store.Session(background, digest, now)
	if gone(err) {
		return errRefresh
	}
	if err != nil {
		return err
	}
	if !s.speaksFor(caller, session.ClientID) {
		return errRefresh
	}
	user, err := s.store.User(background, session.Subject)
	if err != nil && !gone(err) {
		return err
	}
	if user == nil || user.Disabled {
		return errRefresh
	}
	if session.ClientID != s.cfg.LoginClientID {
		allowed, err := s.consented(caller, user.ID, session.Started)
		if err != nil {
			return err
		}
		if !allowed {
			return errRefresh
		}
	}
	// What the session was granted, less what the user has lost since.
	scope, err := narrow(f.get("scope"), s.held(session.Scope, session.ClientID, user))
	if err != nil {
		return err
	}
	audience, err := targets(f, session.Audience)
	if err != nil {
		return err
	}
	owner := caller
	if session.ClientID == s.cfg.LoginClientID {
		owner = nil // who refreshes stands in for the login client
	}
	return s.rotate(ctx, &store.Token{
		Session: session.ID, Subject: user.ID, ClientID: session.ClientID, Scope: scope,
		Roles: s.rolesFor(session.ClientID, scope, caller, user), Audience: audience, Person: true,
	}, s.formFor(owner), old, now, s.lastAccess(session, now))
}

var errRefresh = invalidGrant(400, "refresh token is unknown, expired, revoked or another client's")

// rotate puts a new refresh token in the place of old, and answers with it and
// the access token of t. All access tokens issued before have expired by horizon. A
// token that was used within the grace, by a second request at the same time or by one
// whose answer was lost, is answered with the successor that it was given then.
func (s *Service) rotate(ctx *fasthttp.RequestCtx, t *store.Token, f tokenForm, old []byte, now, horizon int64) error {
	m, err := s.mint(t, f, now, 0)
	if err != nil {
		return err
	}
	refresh := token.NewRefresh()
	given, err := s.store.Rotate(background, &store.Rotation{
		Session: t.Session, Old: store.DigestOf(old), New: store.DigestOf([]byte(refresh)),
		Sealed: token.SealRefresh(old, []byte(refresh)), Grace: seconds(*s.cfg.Tokens.RefreshGrace),
		Expires: now + seconds(s.cfg.Tokens.RefreshTTL), Access: m.stored, Now: now, Horizon: horizon,
	})
	if errors.Is(err, store.ErrReused) {
		s.audit("refresh token reused", "user", t.Subject, "session", t.Session)
		return errRefresh
	}
	if gone(err) {
		return errRefresh
	}
	if err != nil {
		return err
	}
	if given != nil {
		refresh = token.OpenRefresh(old, given.Sealed)
	}
	s.audit("issue", "grant", grantRefresh, "user", t.Subject, "session", t.Session, "token", m.token.ID, "repeated", given != nil)
	answerJSON(ctx, 200, m.answer(refresh, ""))
	return nil
}
