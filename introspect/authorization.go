package introspect

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize"
	"github.com/tollgate/tollgate/introspect/signing"
	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

// newAuthorize is the part of the service that browsers see.
func (s *Service) newAuthorize() *authorize.Server {
	return authorize.New(authorize.Config{
		Issuer: s.cfg.Issuer, Store: s.store, Login: s.loginPage,
		Factor: s.factorPage, SetFactor: s.setFactor,
		Keys:       s.sealingKeys,
		Audience:   s.audience,
		VerifyHint: s.keyring.VerifyID,
		Horizon:    s.horizon,
		Audit:      s.audit,
		Failed:     func(doing string, err error) { s.log.Error("request failed", "doing", doing, "error", err) },
		Now:        func() time.Time { return s.now() },
		SessionTTL: s.cfg.Login.SessionTTL,
		Title:      s.cfg.Login.Title,
	})
}

// sealingKeys are the keys of what travels through browsers. Without a signing
// key there is none, and nothing can be sealed or opened: /readyz says so.
func (s *Service) sealingKeys() ([][]byte, error) {
	return s.keyring.Secrets("authorization pages", s.now().Unix())
}

// loginPage is the login page's way to check a password.
func (s *Service) loginPage(ctx *fasthttp.RequestCtx, id string, password []byte) (*store.User, string, int64, error) {
	user, network, now, err := s.admit(ctx, id, password)
	return user, network, now, pageError(err)
}

// application is the application that sends a request: by its secret, or by its
// name alone where it is public.
func (s *Service) application(ctx *fasthttp.RequestCtx, f *form) (*store.Client, error) {
	c, shown, err := readCredentials(ctx, f)
	if err != nil {
		return nil, err
	}
	if !shown {
		return nil, errInvalidClient
	}
	client, err := s.client(background, c)
	if err == nil && len(client.RedirectURIs) == 0 {
		return nil, errUnauthorizedClient
	}
	return client, err
}

// push is POST /oauth2/par (RFC 9126).
func (s *Service) push(ctx *fasthttp.RequestCtx) error {
	f, err := readForm(ctx, "resource")
	if err != nil {
		return err
	}
	client, err := s.application(ctx, &f)
	if err != nil {
		return err
	}
	uri, err := s.browser.Push(background, f.args, client)
	if wrong, ok := errors.AsType[*authorize.Error](err); ok {
		return &refusal{status: 400, code: wrong.Code, description: wrong.Description}
	}
	if err != nil {
		return err
	}
	body, err := json.Marshal(struct {
		URI     string `json:"request_uri"`
		Expires int    `json:"expires_in"`
	}{uri, authorize.PushedTTL})
	if err != nil {
		return err
	}
	answerJSON(ctx, fasthttp.StatusCreated, body)
	return nil
}

var errCode = invalidGrant(400, authorize.ErrCode.Error())

// grantCode redeems an authorization code (RFC 6749, section 4.1.3): it begins
// the session of the application that the user has logged in to.
func (s *Service) grantCode(ctx *fasthttp.RequestCtx, f form) error {
	client, err := s.application(ctx, &f)
	if err != nil {
		return err
	}
	code := f.peek("code")
	switch {
	case len(code) == 0:
		return invalidRequest("code is missing")
	case len(f.peek("code_verifier")) == 0:
		return invalidRequest("code_verifier is missing (RFC 7636)")
	}
	session := token.NewID()
	grant, revoke, err := authorize.Redeem(background, s.store, &authorize.Redemption{
		Code: code, ClientID: client.ID, RedirectURI: f.get("redirect_uri"), Verifier: f.get("code_verifier"),
		Session: session, Now: s.now().Unix(),
	})
	if revoke != "" {
		if err := s.endSession(revoke); err != nil {
			return err
		}
		s.audit("code reused", "client", client.ID, "session", revoke)
	}
	if errors.Is(err, authorize.ErrCode) {
		return errCode
	}
	if err != nil {
		return err
	}
	return s.beginGranted(ctx, client, grant, session)
}

// endSession revokes a session, whether it has begun or not.
func (s *Service) endSession(id string) error {
	return s.store.Revoke(background, store.Event{Kind: store.KindSession, ID: id, Expires: s.horizon(s.now().Unix())})
}

// beginGranted begins a session as a code has granted it, and answers with its
// tokens. There is a refresh token where the application may act while the
// person is away.
func (s *Service) beginGranted(ctx *fasthttp.RequestCtx, client *store.Client, grant *authorize.Code, session string) error {
	now := s.moment(grant.Subject, client.ID)
	user, err := s.store.User(background, grant.Subject)
	if gone(err) || err == nil && user.Disabled {
		return errCode
	}
	if err != nil {
		return err
	}
	scope := strings.Join(s.held(grant.Scope, client.ID, user), " ")
	m, err := s.mint(&store.Token{
		Session: session, Subject: user.ID, ClientID: client.ID, Scope: scope,
		Roles: s.rolesFor(client.ID, scope, client, user), Audience: grant.Audience, Person: true,
	}, s.formFor(client), now, 0)
	if err != nil {
		return err
	}
	refresh, ends := token.NewRefresh(), now+seconds(s.cfg.Tokens.RefreshTTL)
	x := &store.Session{
		ID: session, Subject: user.ID, ClientID: client.ID, Scope: scope, Audience: grant.Audience,
		Started: now, Expires: ends, Refresh: store.DigestOf([]byte(refresh)),
	}
	if !authorize.HasScope(scope, authorize.ScopeOffline) {
		refresh, x.Expires = "", m.token.Expires // nobody knows the refresh token
	}
	if err := s.store.Begin(background, x, m.stored); err != nil {
		return err
	}
	over, err := s.overtaken(client, grant, session)
	if err != nil {
		return err
	}
	if over {
		return errors.Join(s.endSession(session), errCode)
	}
	var id string
	if authorize.HasScope(scope, authorize.ScopeOpenID) {
		if id, err = s.idToken(client, grant, m, now); err != nil {
			return err
		}
	}
	s.audit("issue", "grant", grantCode, "user", user.ID, "client", client.ID, "session", session, "token", m.token.ID)
	answerJSON(ctx, 200, m.answerWithID(refresh, "", id))
	return nil
}

// overtaken reports whether what a code grants has ended since: by a second use
// of the code, a logout, a change of the password, a revocation of all that the
// application holds, or a consent that was withdrawn. It is asked once the session
// has begun: what came before had no session to end, what comes later has.
func (s *Service) overtaken(client *store.Client, grant *authorize.Code, session string) (bool, error) {
	for _, t := range []*store.Token{
		{ID: session, Session: session, ClientID: client.ID, Issued: grant.Issued},
		{ID: grant.Browser, Session: grant.Browser, Subject: grant.Subject, Issued: grant.AuthTime},
	} {
		if over, err := s.store.Revoked(background, t, ""); over || err != nil {
			return over, err
		}
	}
	allowed, err := s.consented(client, grant.Subject, grant.Issued)
	return !allowed, err
}

// consented reports whether a user still lets an application act that began to
// at a time; where nobody is asked, it is so.
func (s *Service) consented(client *store.Client, subject string, began int64) (bool, error) {
	if client.FirstParty {
		return true, nil
	}
	return authorize.Consented(background, s.store, subject, client.ID, began, s.now().Unix())
}

// held are the scopes of a grant that the user still has. Those of OpenID
// Connect are nobody's to have.
func (s *Service) held(granted, clientID string, user *store.User) []string {
	return slices.DeleteFunc(store.Scopes(granted), func(scope string) bool {
		if clientID != s.cfg.LoginClientID && slices.Contains(authorize.Scopes, scope) {
			return false
		}
		return !slices.Contains(user.Scopes, scope)
	})
}

// rolesFor are the roles that a client's tokens of a user carry: all of them for
// the first party, and for others where the scope roles was granted.
func (s *Service) rolesFor(clientID, scope string, client *store.Client, user *store.User) []string {
	if clientID == s.cfg.LoginClientID || client != nil && client.FirstParty || authorize.HasScope(scope, authorize.ScopeRoles) {
		return user.Roles
	}
	return nil
}

// idTokenTTL is the life of an ID token, in seconds: it tells of a login, and is
// not to be kept.
const idTokenTTL = 300

// idToken is the ID token of a grant (OpenID Connect Core, sections 2 and
// 3.1.3.6). Its sid is that of the browser's login.
func (s *Service) idToken(client *store.Client, grant *authorize.Code, m *minted, now int64) (string, error) {
	alg := client.IDTokenAlg
	if alg == "" {
		alg = signing.RS256
	}
	// Half of the hash that the signature's algorithm uses: Ed25519's is SHA-512.
	hash := sha256.New()
	if alg == signing.EdDSA {
		hash = sha512.New()
	}
	hash.Write([]byte(m.text))
	half := hash.Sum(nil)[:hash.Size()/2]
	claims, err := json.Marshal(struct {
		Issuer   string   `json:"iss"`
		Subject  string   `json:"sub"`
		Audience string   `json:"aud"`
		Expires  int64    `json:"exp"`
		Issued   int64    `json:"iat"`
		AuthTime int64    `json:"auth_time"`
		Nonce    string   `json:"nonce,omitempty"`
		Class    string   `json:"acr"`
		Methods  []string `json:"amr,omitempty"`
		Hash     string   `json:"at_hash"`
		Session  string   `json:"sid"`
		ID       string   `json:"jti"`
	}{
		s.cfg.Issuer, grant.Subject, client.ID, now + idTokenTTL, now, grant.AuthTime, grant.Nonce,
		authorize.Class(grant.Methods), grant.Methods,
		base64.RawURLEncoding.EncodeToString(half), grant.Browser, token.NewID(),
	})
	if err != nil {
		return "", err
	}
	text, err := s.keyring.SignID(alg, claims, now)
	return string(text), err
}
