package authorize

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize/pages"
	"github.com/tollgate/tollgate/introspect/store"
	"github.com/tollgate/tollgate/introspect/token"
)

// Authorize is the authorization endpoint, by GET or POST (RFC 6749, section
// 3.1; OpenID Connect Core, section 3.1.2.1).
func (s *Server) Authorize(ctx *fasthttp.RequestCtx) error {
	args := ctx.QueryArgs()
	if ctx.IsPost() {
		args = ctx.PostArgs()
	}
	client, err := s.application(ctx, args)
	if err != nil {
		s.fail(ctx, "looking up the application", err)
		return nil
	}
	if client == nil {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.UnknownApplication, "")
		return nil
	}
	var r *Request
	if pushed := string(args.Peek("request_uri")); strings.HasPrefix(pushed, requestURN) {
		if r, err = s.pushed(ctx, pushed, client); err != nil {
			s.fail(ctx, "looking up a pushed request", err)
			return nil
		}
		if r == nil {
			s.problem(ctx, fasthttp.StatusBadRequest, pages.TooOld, "request_uri is unknown, expired or another client's (RFC 9126)")
			return nil
		}
		if !s.unchanged(ctx, r, client) {
			return nil
		}
	} else {
		var wrong *Error
		r, wrong = s.request(args, client)
		if r == nil {
			s.problem(ctx, fasthttp.StatusBadRequest, pages.WrongRedirect, wrong.Description)
			return nil
		}
		if wrong == nil && client.RequirePAR {
			wrong = invalid("this client has to push its requests (RFC 9126)")
		}
		if wrong != nil {
			s.refuse(ctx, r, wrong)
			return nil
		}
	}
	b, err := s.loginFor(ctx, r)
	if err != nil {
		s.fail(ctx, "looking up the browser's login", err)
		return nil
	}
	s.bind(ctx, r)
	if b == nil {
		if r.Prompt == "none" {
			s.refuse(ctx, r, &Error{"login_required", "nobody is logged in, or not as asked for"})
			return nil
		}
		s.askLogin(ctx, r, client, fasthttp.StatusOK, "")
		return nil
	}
	s.proceed(ctx, r, client, b, nil)
	return nil
}

// request reads an authorization request of client. An error is told to the
// client, at the request's redirect URI.
func (s *Server) request(args *fasthttp.Args, client *store.Client) (*Request, *Error) {
	uri, given, wrong := redirectURI(args, client)
	if wrong != nil {
		return nil, wrong
	}
	r, wrong := parse(args, client, s.Audience(client), s.Now().Unix())
	r.RedirectURI, r.GivenURI = uri, given
	if wrong != nil {
		return r, wrong
	}
	if hint := args.Peek("id_token_hint"); len(hint) > 0 {
		var err error
		if r.Subject, err = s.hinted(hint); err != nil {
			return r, invalid("id_token_hint is not an ID token of this issuer")
		}
	}
	return r, nil
}

// application is the client of a request that may log people in, or nil.
func (s *Server) application(ctx *fasthttp.RequestCtx, args *fasthttp.Args) (*store.Client, error) {
	ids := args.PeekMulti("client_id")
	if len(ids) != 1 {
		return nil, nil
	}
	return s.applicationCalled(ctx, string(ids[0]))
}

func (s *Server) applicationCalled(ctx *fasthttp.RequestCtx, id string) (*store.Client, error) {
	client, err := s.Store.Client(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case client.Disabled || len(client.RedirectURIs) == 0:
		return nil, nil
	}
	return client, nil
}

// hinted is the subject of an ID token of ours.
func (s *Server) hinted(hint []byte) (string, error) {
	payload, err := s.VerifyHint(hint)
	if err != nil {
		return "", err
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	return claims.Subject, json.Unmarshal(payload, &claims)
}

// loginFor is the login of the browser that sends a request, or nil where there
// is none that the request asks for.
func (s *Server) loginFor(ctx *fasthttp.RequestCtx, r *Request) (*Browser, error) {
	b, err := s.browser(ctx)
	if b == nil || err != nil || !r.satisfied(b, s.Now().Unix()) {
		return nil, err
	}
	if r.Second && Class(b.Methods) != "2" {
		user, err := s.Store.User(ctx, b.Subject)
		if err != nil || user.HasFactor() { // who has a second factor now is to show it
			return nil, err
		}
	}
	return b, nil
}

// satisfied reports whether a login is one that the request asks for: it is the
// person of the hint, not older than max_age, and, where the person was to log
// in again, from after the request. A login that a page of the request has asked
// for is recent enough, however long the person takes over the next page.
func (r *Request) satisfied(b *Browser, now int64) bool {
	fresh := r.asked && b.AuthTime >= r.Received
	return (r.Subject == "" || r.Subject == b.Subject) &&
		(r.MaxAge < 0 || now-b.AuthTime <= r.MaxAge || fresh) &&
		(r.Prompt != "login" || fresh)
}

// bind ties a request to the browser that sends it, by a cookie.
func (s *Server) bind(ctx *fasthttp.RequestCtx, r *Request) {
	secret := string(ctx.Request.Header.Cookie(s.cookies.request))
	if len(secret) != len(newSecret("")) {
		secret = newSecret("")
		s.cookies.set(ctx, s.cookies.request, secret, 0)
	}
	r.Browser = digestText(secret)
}

func digestText(secret string) string {
	text, err := store.DigestOf([]byte(secret)).MarshalText()
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(text)
}

// sealed is r as it travels through a page.
func (s *Server) sealed(r *Request) (string, error) {
	return s.seal(purposeRequest, r)
}

// pending is the request that a page's form brings back, with its client; where
// there is none, the person has been shown why.
func (s *Server) pending(ctx *fasthttp.RequestCtx, args *fasthttp.Args) (*Request, *store.Client) {
	r := new(Request)
	secret := string(ctx.Request.Header.Cookie(s.cookies.request))
	err := s.open(purposeRequest, string(args.Peek("request")), r)
	switch {
	case err != nil || foreign(ctx) || secret == "" || digestText(secret) != r.Browser:
		s.problem(ctx, fasthttp.StatusBadRequest, pages.NotBegunHere, "")
		return nil, nil
	case r.Received+requestTTL <= s.Now().Unix():
		s.problem(ctx, fasthttp.StatusBadRequest, pages.TooOld, "")
		return nil, nil
	}
	client, err := s.applicationCalled(ctx, r.ClientID)
	if err != nil {
		s.fail(ctx, "looking up the application", err)
		return nil, nil
	}
	if client == nil {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.UnknownApplication, "")
		return nil, nil
	}
	if !s.unchanged(ctx, r, client) {
		return nil, nil
	}
	r.asked = true
	return r, client
}

// unchanged reports whether client may still have what r asked for when it was
// checked. Where it may not, the person has been shown why, or the client told.
func (s *Server) unchanged(ctx *fasthttp.RequestCtx, r *Request, client *store.Client) bool {
	may := s.Audience(client)
	switch {
	case !hasRedirectURI(client, r.RedirectURI):
		s.problem(ctx, fasthttp.StatusBadRequest, pages.WrongRedirect, "redirect_uri is not one of the application's any more")
	case slices.ContainsFunc(strings.Fields(r.Scope), func(scope string) bool { return !mayAsk(client, scope) }):
		s.refuse(ctx, r, &Error{"invalid_scope", "the application may not have these scopes any more"})
	case slices.ContainsFunc(r.Audience, func(a string) bool { return !slices.Contains(may, a) }):
		s.refuse(ctx, r, &Error{"invalid_target", "the application may not use this resource any more"})
	default:
		return true
	}
	return false
}

// proceed answers a request for somebody who is logged in: with the page that
// asks for consent, where that is needed, else with a code. begun, if not nil,
// is a login that has not been stored yet.
func (s *Server) proceed(ctx *fasthttp.RequestCtx, r *Request, client *store.Client, b *Browser, begun *store.Record) {
	needed, err := s.needsConsent(ctx, r, client, b)
	if err != nil {
		s.fail(ctx, "looking up consents", err)
		return
	}
	if needed && r.Prompt == "none" {
		s.refuse(ctx, r, &Error{"consent_required", "the person has not consented"})
		return
	}
	if !needed {
		s.grant(ctx, r, b, begun)
		return
	}
	if begun == nil {
		s.askConsent(ctx, r, client, b)
		return
	}
	// A page that answers a POST would send the password again when it is
	// loaded again, so the browser asks for this one by GET.
	if err := s.Store.Keep(ctx, begun); err != nil {
		s.fail(ctx, "storing a login", err)
		return
	}
	sealed, err := s.sealed(r)
	if err != nil {
		s.fail(ctx, "sealing a request", err)
		return
	}
	redirect(ctx, s.below+PathConsent+"?request="+sealed)
}

// grant stores a code, and with it the login that it comes from where that is
// new, and sends the code to the client.
func (s *Server) grant(ctx *fasthttp.RequestCtx, r *Request, b *Browser, begun *store.Record) {
	now := s.Now().Unix()
	code := newSecret(CodePrefix)
	c := &Code{
		ClientID: r.ClientID, RedirectURI: r.RedirectURI, GivenURI: r.GivenURI, Challenge: r.Challenge,
		Subject: b.Subject, Scope: r.Scope, Audience: r.Audience, Nonce: r.Nonce,
		Browser: b.ID, AuthTime: b.AuthTime, Methods: b.Methods, Issued: now, Ends: b.Expires(),
	}
	records := []*store.Record{c.record(store.DigestOf([]byte(code)), now+codeTTL)}
	if begun != nil {
		records = append(records, begun)
	}
	if err := s.Store.Keep(ctx, records...); err != nil {
		s.fail(ctx, "storing a code", err)
		return
	}
	s.Audit("code", "user", b.Subject, "client", r.ClientID, "browser", b.ID, "scope", r.Scope)
	s.answer(ctx, r, [][2]string{{"code", code}})
}

// refuse tells the client why its request cannot be served.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, r *Request, e *Error) {
	s.answer(ctx, r, [][2]string{{"error", e.Code}, {"error_description", e.Description}})
}

// answer sends fields to the client's redirect URI, with state and the issuer
// (RFC 9207), in the query or by a form that the browser posts (OAuth 2.0 Form
// Post Response Mode).
func (s *Server) answer(ctx *fasthttp.RequestCtx, r *Request, fields [][2]string) {
	if r.State != "" {
		fields = append(fields, [2]string{"state", r.State})
	}
	fields = append(fields, [2]string{"iss", s.Issuer})
	if r.FormPost {
		s.page(ctx, fasthttp.StatusOK, &pages.Page{Post: &pages.Post{To: r.RedirectURI, Fields: fields}}, r.RedirectURI)
		return
	}
	to := strings.Builder{}
	to.WriteString(r.RedirectURI)
	separator := byte('?')
	if strings.Contains(r.RedirectURI, "?") {
		separator = '&'
	}
	for _, f := range fields {
		to.WriteByte(separator)
		to.WriteString(f[0] + "=" + url.QueryEscape(f[1]))
		separator = '&'
	}
	redirect(ctx, to.String())
}

// Login is POST of the login page.
func (s *Server) Login(ctx *fasthttp.RequestCtx) error {
	args := ctx.PostArgs()
	r, client := s.pending(ctx, args)
	if r == nil {
		return nil
	}
	id := string(args.Peek("id"))
	user, network, now, err := s.Config.Login(ctx, id, args.Peek("password"))
	switch {
	case errors.Is(err, ErrWrong):
		s.askLogin(ctx, r, client, fasthttp.StatusForbidden, pages.WrongPassword)
		return nil
	case errors.Is(err, ErrLimited):
		s.askLogin(ctx, r, client, fasthttp.StatusTooManyRequests, pages.TooManyLogins)
		return nil
	case errors.Is(err, ErrBusy):
		s.askLogin(ctx, r, client, fasthttp.StatusServiceUnavailable, pages.Busy)
		return nil
	case errors.Is(err, ErrCaller):
		return err
	case err != nil:
		s.fail(ctx, "checking a password", err)
		return nil
	}
	if r.Subject != "" && r.Subject != user.ID {
		s.refuse(ctx, r, &Error{"login_required", "another person than the one of id_token_hint has logged in"})
		return nil
	}
	if old, err := s.browser(ctx); err == nil && old != nil && old.Subject != user.ID {
		// Somebody else takes over this browser.
		if err := s.End(ctx, old); err != nil {
			s.fail(ctx, "ending a login", err)
			return nil
		}
	}
	if user.HasFactor() {
		s.sendToFactor(ctx, r, user.ID, network, now)
		return nil
	}
	s.begin(ctx, r, client, user, network, []string{"pwd"}, now)
	return nil
}

// begin logs user in to the browser, in the place of a login that is there, and
// goes on with the request.
func (s *Server) begin(ctx *fasthttp.RequestCtx, r *Request, client *store.Client, user *store.User, network string, methods []string, now int64) {
	old, err := s.browser(ctx)
	if err != nil {
		s.fail(ctx, "looking up the browser's login", err)
		return
	}
	id := token.NewID()
	if old != nil && old.Subject == user.ID {
		id = old.ID
	}
	b, secret := s.newBrowser(ctx, id, user, network, methods, max(now, r.Received))
	if old != nil && old.ID == id {
		if err := s.replace(ctx, old, b); err != nil {
			s.fail(ctx, "ending the login before", err)
			return
		}
	}
	s.cookies.set(ctx, s.cookies.login, secret, s.SessionTTL)
	s.Audit("browser login", "user", user.ID, "client", r.ClientID, "network", network, "browser", b.ID, "methods", methods)
	s.proceed(ctx, r, client, b, b.kept)
}

// askLogin shows the login page.
func (s *Server) askLogin(ctx *fasthttp.RequestCtx, r *Request, client *store.Client, status int, wrong pages.Message) {
	sealed, err := s.sealed(r)
	if err != nil {
		s.fail(ctx, "sealing a request", err)
		return
	}
	hint := r.Hint
	if hint == "" {
		hint = r.Subject
	}
	s.page(ctx, status, &pages.Page{Login: &pages.Login{
		Application: name(client), Request: sealed, ID: hint, Wrong: wrong,
	}}, r.RedirectURI)
}

// name is what people know a client by.
func name(c *store.Client) string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}

// sorted are scopes in one order, whatever the request's.
func sorted(scopes string) []string {
	list := strings.Fields(scopes)
	slices.Sort(list)
	return list
}
