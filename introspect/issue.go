package introspect

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

// background is the context of calls to the store: their bounds are the
// store's own, and a client that hangs up does not undo what it asked for.
var background = context.Background()

// minted is an access token that has not been handed out yet.
type minted struct {
	text   string
	token  *store.Token
	stored *store.Issued // for the store where the token is opaque, else nil
}

// A tokenForm is what a client's access tokens are.
type tokenForm struct {
	format string // FormatJWT or FormatOpaque
	alg    string // of a JWT
}

// formFor is the form of the tokens issued to c: its own where it has one, else
// the configuration's. It is nil for the login client.
func (s *Service) formFor(c *store.Client) tokenForm {
	f := tokenForm{s.cfg.Tokens.Format, signing.EdDSA}
	if c != nil && c.TokenFormat != "" {
		f.format = c.TokenFormat
	}
	if c != nil && c.TokenAlg != "" {
		f.alg = c.TokenAlg
	}
	return f
}

// mint makes the access token of t, whose times it fills in: it lives from now
// for as long as configured, but never beyond limit, where that is not zero.
func (s *Service) mint(t *store.Token, f tokenForm, now, limit int64) (*minted, error) {
	t.ID = token.NewID()
	t.Issued, t.Expires = now, now+seconds(s.cfg.Tokens.AccessTTL)
	if limit != 0 {
		t.Expires = min(t.Expires, limit)
	}
	if f.format == FormatOpaque {
		text := token.NewAccess()
		return &minted{text, t, &store.Issued{Digest: store.DigestOf([]byte(text)), Token: t}}, nil
	}
	text, err := s.keyring.SignAccess(f.alg, token.AppendClaims(nil, s.cfg.Issuer, t), now)
	if err != nil {
		return nil, err
	}
	if len(text) > maxToken {
		return nil, errTokenLength
	}
	return &minted{text: string(text), token: t}, nil
}

// errTokenLength: no verifier would take the token.
var errTokenLength = invalidRequest("the token would be longer than 8 KiB: ask for less scope or audience, or have fewer roles")

// issue mints an access token that belongs to no session of its own and makes
// it durable where it is opaque.
func (s *Service) issue(t *store.Token, f tokenForm, now, limit int64) (*minted, error) {
	m, err := s.mint(t, f, now, limit)
	if err != nil {
		return nil, err
	}
	return m, s.keep(m)
}

// keep makes a minted token durable where it is opaque.
func (s *Service) keep(m *minted) error {
	if m.stored == nil {
		return nil
	}
	return s.store.Issue(background, m.stored)
}

// moment is the present second, once nothing issued to the subject or client
// in it would be revoked already: a revocation by subject or client takes in
// the whole second in which it is made. It is to be asked for before the
// account is read, so that a change of the account that the reading misses has
// a revocation that does not miss the token.
func (s *Service) moment(subject, clientID string) int64 {
	now := s.now()
	if s.store.Feed().Barred(subject, clientID, now.Unix()) {
		time.Sleep(now.Truncate(time.Second).Add(time.Second).Sub(now))
		now = s.now()
	}
	return now.Unix()
}

// answer is what the client is told, with a refresh token or what type was
// issued where these are not empty.
func (m *minted) answer(refresh, issuedType string) []byte {
	return m.answerWithID(refresh, issuedType, "")
}

// answerWithID is answer with an ID token, where that is not empty.
func (m *minted) answerWithID(refresh, issuedType, id string) []byte {
	return token.AppendGrant(make([]byte, 0, 256), &token.Grant{
		Access: m.text, IssuedType: issuedType, Refresh: refresh, ID: id,
		Scope: m.token.Scope, ExpiresIn: m.token.Expires - m.token.Issued,
	})
}

// narrow is the scope granted to who asks for asked and may have may: all of it
// where nothing is asked, and never more (RFC 6749, section 3.3).
func narrow(asked string, may []string) (string, error) {
	if asked == "" {
		return strings.Join(may, " "), nil
	}
	var granted []string
	for _, want := range strings.Split(asked, " ") {
		if !slices.Contains(may, want) {
			return "", invalidScope("scope goes beyond what may be granted")
		}
		if !slices.Contains(granted, want) {
			granted = append(granted, want)
		}
	}
	return strings.Join(granted, " "), nil
}

// audience is the aud of tokens that c obtains for itself.
func (s *Service) audience(c *store.Client) []string {
	if len(c.Audiences) > 0 {
		return c.Audiences
	}
	return s.cfg.Audience
}

// horizon is when every access token issued up to now has expired.
func (s *Service) horizon(now int64) int64 { return now + s.keyring.Tail() }

// lastAccess is when every access token of a session has expired, also where the
// last of them was issued while the clock was ahead of now.
func (s *Service) lastAccess(session *store.Session, now int64) int64 {
	return s.horizon(max(now, session.Expires-seconds(s.cfg.Tokens.RefreshTTL)))
}

// seconds rounds up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
