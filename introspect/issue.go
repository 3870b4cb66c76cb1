package introspect

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

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

// mint makes the access token of t, whose times it fills in: it lives from now
// for as long as configured, but never beyond limit, where that is not zero.
func (s *Service) mint(t *store.Token, now, limit int64) (*minted, error) {
	t.ID = token.NewID()
	t.Issued, t.Expires = now, now+seconds(s.cfg.Tokens.AccessTTL)
	if limit != 0 {
		t.Expires = min(t.Expires, limit)
	}
	if s.cfg.Tokens.Format == FormatOpaque {
		text := token.NewAccess()
		return &minted{text, t, &store.Issued{Digest: store.DigestOf([]byte(text)), Token: t}}, nil
	}
	text, err := s.keyring.Sign(token.AppendClaims(nil, s.cfg.Issuer, t), now)
	if err != nil {
		return nil, err
	}
	return &minted{text: string(text), token: t}, nil
}

// issue mints an access token that belongs to no session of its own and makes
// it durable where it is opaque.
func (s *Service) issue(t *store.Token, now, limit int64) (*minted, error) {
	m, err := s.mint(t, now, limit)
	if err != nil || m.stored == nil {
		return m, err
	}
	return m, s.store.Issue(background, m.stored)
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

// tokenAnswer is a successful answer (RFC 6749, section 5.1).
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	IssuedType   string `json:"issued_token_type,omitempty"` // RFC 8693, section 2.2.1
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
}

func (m *minted) answer(refresh string) []byte {
	return tokenAnswer{
		AccessToken: m.text, TokenType: "Bearer", ExpiresIn: m.token.Expires - m.token.Issued,
		RefreshToken: refresh, Scope: m.token.Scope,
	}.json()
}

func (a tokenAnswer) json() []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
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

// seconds rounds up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
