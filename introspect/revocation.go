package introspect

import (
	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

// revoke is POST /oauth2/revoke (RFC 7009). A token says itself what it is, so
// token_type_hint is not looked at. What is unknown, dead already or another
// client's is answered as if it had been revoked, and left alone.
func (s *Service) revoke(ctx *fasthttp.RequestCtx) error {
	f, err := readForm(ctx)
	if err != nil {
		return err
	}
	caller, err := s.anyone(ctx, &f)
	if err != nil {
		return err
	}
	text := f.peek("token")
	if len(text) == 0 {
		return invalidRequest("token is missing")
	}
	now := s.now().Unix()
	events, err := s.named(caller, text, now)
	if err != nil && !gone(err) {
		return err
	}
	if len(events) > 0 {
		if err := s.store.Revoke(background, events...); err != nil {
			return err
		}
		by := s.cfg.LoginClientID
		if caller != nil {
			by = caller.ID
		}
		named := events[len(events)-1]
		s.audit("revoke", "kind", named.Kind, "id", named.ID, "by", by)
	}
	answerJSON(ctx, 200, nil)
	return nil
}

// named are the revocations that revoking a token means: of the whole session
// where a login began it, else of the token and of what was exchanged for it. The
// token comes last: whoever finds it revoked finds the others revoked too. A
// login's access token ends its session even when it has expired: people log out
// after a pause, and the session would go on without them.
func (s *Service) named(caller *store.Client, text []byte, now int64) ([]store.Event, error) {
	if token.IsRefresh(text) {
		session, err := s.store.Session(background, store.DigestOf(text), now)
		if err != nil || !s.speaksFor(caller, session.ClientID) {
			return nil, err
		}
		return []store.Event{{Kind: store.KindSession, ID: session.ID, Expires: s.lastAccess(session, now)}}, nil
	}
	t, err := s.lookup(text, now)
	if gone(err) {
		t, err = s.lookupExpired(text, now)
	}
	if err != nil || !s.mayRevoke(caller, t) {
		return nil, err
	}
	if loginToken(t) {
		return []store.Event{{Kind: store.KindSession, ID: t.Session, Expires: max(s.horizon(now), t.Expires)}}, nil
	}
	var events []store.Event
	if t.Session == "" {
		events = append(events, store.Event{Kind: store.KindSession, ID: family(t), Expires: t.Expires})
	}
	if t.Actor != "" {
		derived, err := s.derived(t.ID, t.Expires, now)
		if err != nil {
			return nil, err
		}
		for _, id := range derived {
			events = append(events, store.Event{Kind: store.KindToken, ID: id, Expires: t.Expires})
		}
	}
	return append(events, store.Event{Kind: store.KindToken, ID: t.ID, Expires: t.Expires}), nil
}

// mayRevoke reports whether caller, nil for the public login client, may revoke
// an access token: one of its own, and a service client any that it holds, since
// the gateway revokes what its callers log out with.
func (s *Service) mayRevoke(caller *store.Client, t *store.Token) bool {
	return caller != nil && caller.Service || s.speaksFor(caller, t.ClientID)
}

// loginToken reports whether t belongs to the session of a person's login, and
// was not exchanged for another token.
func loginToken(t *store.Token) bool { return t.Person && t.Session != "" && t.Actor == "" }
