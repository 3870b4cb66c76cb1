package introspect

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

// login is POST /login: a first-party session call, since OAuth has no grant
// for passwords any more (RFC 9700, section 2.4).
func (s *Service) login(ctx *fasthttp.RequestCtx) error {
	l, err := readLogin(ctx)
	if err != nil {
		return err
	}
	user, network, now, err := s.admitWhole(ctx, l)
	if err != nil {
		return err
	}
	return s.begin(ctx, user, network, now)
}

// admitWhole is admit with the second factor, where the user has one.
func (s *Service) admitWhole(ctx *fasthttp.RequestCtx, l loginBody) (user *store.User, network string, now int64, err error) {
	user, network, now, err = s.admit(ctx, l.id, l.password)
	if err != nil || !user.HasFactor() {
		return user, network, now, err
	}
	if l.code == "" {
		return nil, network, 0, errFactorMissing
	}
	user, err = s.checkFactor(background, user.ID, network, l.code)
	return user, network, now, err
}

// changePassword is POST /account/password: a user shows the password, as at a
// login, and chooses another. All sessions of the user end, this one too.
func (s *Service) changePassword(ctx *fasthttp.RequestCtx) error {
	l, err := readLogin(ctx)
	if err != nil {
		return err
	}
	user, network, _, err := s.admitWhole(ctx, l)
	if err != nil {
		return err
	}
	_, err = s.admin.SetPassword(background, user.ID, l.next)
	for _, rule := range []error{account.ErrPasswordShort, account.ErrPasswordCommon, account.ErrPasswordLength} {
		if errors.Is(err, rule) {
			return invalidRequest("new_" + err.Error())
		}
	}
	if err != nil {
		return err
	}
	s.audit("password changed by its user", "user", user.ID, "network", network)
	ctx.SetStatusCode(fasthttp.StatusNoContent)
	return nil
}

// admit checks the password of a user, within the limits of logins. It returns
// the network that the request comes from, also with an error, and the second
// from which on what is issued to the user counts.
func (s *Service) admit(ctx *fasthttp.RequestCtx, id string, password []byte) (user *store.User, network string, now int64, err error) {
	if len(password) == 0 || len(password) > account.MaxPassword {
		return nil, "", 0, account.ErrPasswordLength
	}
	// The replacement character is what a reader of JSON makes of text that was
	// no UTF-8: not what the user has sent.
	if id == "" || len(id) > 255 || !utf8.ValidString(id) || strings.ContainsRune(id, utf8.RuneError) {
		return nil, "", 0, invalidRequest("id must be 1 to 255 bytes of UTF-8")
	}
	if network, err = s.network(ctx); err != nil {
		return nil, "", 0, err
	}
	found, err := s.userCalled(background, id)
	if err != nil {
		return nil, network, 0, err
	}
	if found != nil {
		id = found.ID
	}
	attempt, wait, err := s.limits.Begin(background, countedAs(found, id), network)
	if err != nil {
		return nil, network, 0, err
	}
	if wait > 0 {
		s.audit("login", "outcome", "limited", "network", network)
		return nil, network, 0, tooMany(wait)
	}
	now = s.moment(id, s.cfg.LoginClientID)
	user, err = s.checkPassword(background, id, password)
	if err == errLogin {
		s.auditFailedLogin(user, network)
		return nil, network, 0, err
	}
	if err != nil {
		s.credited(attempt.Cancel(background))
		return nil, network, 0, err
	}
	if user.HasFactor() {
		// Only the whole login makes a network known, from which the codes of the
		// second factor could be guessed at without the budget of their id.
		s.credited(attempt.Cancel(background))
	} else {
		s.credited(attempt.Succeed(background))
	}
	return user, network, now, nil
}

// countedAs is the name that failures of id are counted under, however it is
// written: another one each time that an operator unlocks the user.
func countedAs(u *store.User, id string) string {
	name := account.IDKey(id)
	if u != nil {
		name += "\x00" + strconv.FormatInt(u.Unlocked, 10)
	}
	return name
}

// userCalled finds the account that somebody means who types id: the one of that
// id, else the one of its canonical form, or nil.
func (s *Service) userCalled(ctx context.Context, id string) (*store.User, error) {
	u, err := s.store.User(ctx, id)
	if canonical := account.CanonicalID(id); gone(err) && canonical != id {
		u, err = s.store.User(ctx, canonical)
	}
	if gone(err) {
		return nil, nil
	}
	return u, err
}

// credited says that an attempt could not be credited: it counts as a failed one,
// and that is all.
func (s *Service) credited(err error) {
	if err != nil {
		s.log.Warn("a login that did not fail is counted as one that did", "error", err)
	}
}

// checks bounds how often an account that changes all the time is read anew.
const checks = 4

// checkPassword returns the user whose password it is. Unknown, disabled and
// mistaken cost the same and are told the same; in the last two cases user is
// returned as well, for the log alone. Where the account changes meanwhile, what
// counts is the account as it is then: another login may just have renewed the
// hash, and the password may have been changed.
func (s *Service) checkPassword(ctx context.Context, id string, password []byte) (user *store.User, err error) {
	for range checks {
		if user, err = s.checkOnce(ctx, id, password); !errors.Is(err, store.ErrChanged) {
			break
		}
	}
	return user, err
}

// checkOnce is checkPassword for the account as it is at first. It returns
// store.ErrChanged where it has changed by the time the hash is renewed.
func (s *Service) checkOnce(ctx context.Context, id string, password []byte) (*store.User, error) {
	user, err := s.store.User(ctx, id)
	if err != nil && !gone(err) {
		return nil, err
	}
	var kept string
	if user != nil {
		kept = user.Hash
	}
	ok, better, err := s.hasher.Check(ctx, kept, password)
	if errors.Is(err, account.ErrHung) { // which the caller is told as busy, and nobody logs that
		s.log.Error("login refused", "error", err)
	}
	if err != nil {
		return nil, err
	}
	if !ok || user.Disabled {
		return user, errLogin
	}
	if better == "" {
		return user, nil
	}
	next := *user
	next.Hash = better
	if err := s.store.PutUser(ctx, &next, user); err != nil {
		return nil, err
	}
	return &next, nil
}

// begin starts the session of user and answers with its tokens.
func (s *Service) begin(ctx *fasthttp.RequestCtx, user *store.User, network string, now int64) error {
	scope := strings.Join(user.Scopes, " ")
	m, err := s.mint(&store.Token{
		Session: token.NewID(), Subject: user.ID, ClientID: s.cfg.LoginClientID, Scope: scope,
		Roles: user.Roles, Audience: s.cfg.Audience, Person: true,
	}, s.formFor(nil), now, 0)
	if err != nil {
		return err
	}
	refresh := token.NewRefresh()
	session := &store.Session{
		ID: m.token.Session, Subject: user.ID, ClientID: s.cfg.LoginClientID, Scope: scope,
		Audience: s.cfg.Audience, Started: now, Expires: now + seconds(s.cfg.Tokens.RefreshTTL),
		Refresh: store.DigestOf([]byte(refresh)),
	}
	if err := s.store.Begin(background, session, m.stored); err != nil {
		return err
	}
	s.audit("login", "outcome", "ok", "user", user.ID, "network", network, "session", session.ID, "token", m.token.ID)
	answerJSON(ctx, 200, m.answer(refresh, ""))
	return nil
}

// network is where the user is, for limits and the log: the other end of the
// connection, or what a service client says of it.
func (s *Service) network(ctx *fasthttp.RequestCtx) (string, error) {
	c, shown, err := readCredentials(ctx, nil)
	if err != nil {
		return "", err
	}
	if shown {
		client, err := s.client(background, c)
		if err != nil {
			return "", err
		}
		if forwarded := ctx.Request.Header.Peek(fasthttp.HeaderXForwardedFor); client.Service && len(forwarded) > 0 {
			last := forwarded[bytes.LastIndexByte(forwarded, ',')+1:]
			addr, err := netip.ParseAddr(string(bytes.TrimSpace(last)))
			if err != nil {
				return "", invalidRequest("X-Forwarded-For does not end in an address")
			}
			return account.Network(addr), nil
		}
	}
	addr, ok := netip.AddrFromSlice(ctx.RemoteIP())
	if !ok {
		return "local", nil // no IP connection: a test's in-memory listener
	}
	return account.Network(addr), nil
}
