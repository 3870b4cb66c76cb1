package authorize

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize/pages"
)

// A leaving is a request to log out that a page asks about.
type leaving struct {
	To       string `json:"to,omitempty"` // where to go then
	Browser  string `json:"b"`            // digest of the cookie that it is bound to
	Received int64  `json:"t"`
}

// Logout is the end-session endpoint, by GET or POST (OpenID Connect
// RP-Initiated Logout 1.0). With an ID token of this browser's login the person
// is not asked; else a page asks. Where the client has registered the URI that
// it names, the browser goes there.
func (s *Server) Logout(ctx *fasthttp.RequestCtx) error {
	args := ctx.QueryArgs()
	if ctx.IsPost() {
		args = ctx.PostArgs()
	}
	if len(args.Peek("leave")) > 0 {
		return s.confirmed(ctx, args)
	}
	to, hint, ok := s.destination(ctx, args)
	if !ok {
		return nil
	}
	b, err := s.browser(ctx)
	if err != nil {
		s.fail(ctx, "looking up the browser's login", err)
		return nil
	}
	if b == nil {
		s.left(ctx, to)
		return nil
	}
	if hint.Session == b.ID {
		s.leave(ctx, b, to)
		return nil
	}
	r := &Request{}
	s.bind(ctx, r)
	sealed, err := s.seal(purposeLogout, leaving{To: to, Browser: r.Browser, Received: s.Now().Unix()})
	if err != nil {
		s.fail(ctx, "sealing a request", err)
		return nil
	}
	s.page(ctx, fasthttp.StatusOK, &pages.Page{Logout: &pages.Logout{User: b.Subject, Request: sealed}}, to)
	return nil
}

// A hinted is what id_token_hint says.
type hinted struct {
	Session  string `json:"sid"`
	Audience string `json:"aud"`
}

// destination is where the browser goes after a logout; empty for a page of
// ours. It reports false where the request is refused with a page.
func (s *Server) destination(ctx *fasthttp.RequestCtx, args *fasthttp.Args) (to string, hint hinted, ok bool) {
	clientID := string(args.Peek("client_id"))
	if text := args.Peek("id_token_hint"); len(text) > 0 {
		payload, err := s.VerifyHint(text)
		if err != nil || json.Unmarshal(payload, &hint) != nil || clientID != "" && clientID != hint.Audience {
			s.problem(ctx, fasthttp.StatusBadRequest, pages.WrongRedirect, "id_token_hint is not an ID token of this issuer for this client")
			return "", hint, false
		}
		clientID = hint.Audience
	}
	asked := string(args.Peek("post_logout_redirect_uri"))
	if asked == "" {
		return "", hint, true
	}
	client, err := s.applicationCalled(ctx, clientID)
	if err != nil {
		s.fail(ctx, "looking up the application", err)
		return "", hint, false
	}
	if client == nil || !slices.Contains(client.PostLogoutURIs, asked) {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.WrongRedirect, "post_logout_redirect_uri is not one of the application's")
		return "", hint, false
	}
	if state := string(args.Peek("state")); state != "" && len(state) <= maxState {
		separator := "?"
		if strings.Contains(asked, "?") {
			separator = "&"
		}
		asked += separator + "state=" + url.QueryEscape(state)
	}
	return asked, hint, true
}

// confirmed is POST of the page that asks.
func (s *Server) confirmed(ctx *fasthttp.RequestCtx, args *fasthttp.Args) error {
	var l leaving
	secret := string(ctx.Request.Header.Cookie(s.cookies.request))
	if s.open(purposeLogout, string(args.Peek("leave")), &l) != nil || foreign(ctx) || !ctx.IsPost() ||
		secret == "" || digestText(secret) != l.Browser {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.NotBegunHere, "")
		return nil
	}
	if l.Received+requestTTL <= s.Now().Unix() {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.TooOld, "")
		return nil
	}
	b, err := s.browser(ctx)
	if err != nil {
		s.fail(ctx, "looking up the browser's login", err)
		return nil
	}
	if b == nil {
		s.left(ctx, l.To)
		return nil
	}
	s.leave(ctx, b, l.To)
	return nil
}

// leave ends the login and sends the browser on.
func (s *Server) leave(ctx *fasthttp.RequestCtx, b *Browser, to string) {
	if err := s.End(ctx, b); err != nil {
		s.fail(ctx, "ending a login", err)
		return
	}
	s.Audit("browser logout", "user", b.Subject, "browser", b.ID)
	s.cookies.set(ctx, s.cookies.login, "", -1)
	s.left(ctx, to)
}

func (s *Server) left(ctx *fasthttp.RequestCtx, to string) {
	if to != "" {
		redirect(ctx, to)
		return
	}
	s.page(ctx, fasthttp.StatusOK, &pages.Page{LoggedOut: true}, "")
}
