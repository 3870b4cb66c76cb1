package authorize

import (
	"errors"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize/pages"
)

// Class is the acr of a login by methods (RFC 8176): "2" where a second factor
// was shown, else "1".
func Class(methods []string) string {
	if slices.Contains(methods, "otp") {
		return "2"
	}
	return "1"
}

// A half is a login of which the password has been shown.
type half struct {
	Request *Request `json:"r"`
	User    string   `json:"u"`
	Network string   `json:"n"`
	Began   int64    `json:"t"` // Unix seconds
}

// halfTTL is how long a person may take to show the second factor, in seconds.
const halfTTL = 300

// sendToFactor has the browser ask for the page of the second factor.
func (s *Server) sendToFactor(ctx *fasthttp.RequestCtx, r *Request, user, network string, now int64) {
	sealed, err := s.seal(purposeFactor, half{r, user, network, now})
	if err != nil {
		s.fail(ctx, "sealing a request", err)
		return
	}
	redirect(ctx, s.below+PathFactor+"?request="+sealed)
}

// Factor is the page that asks for the second factor, and POST of its form.
func (s *Server) Factor(ctx *fasthttp.RequestCtx) error {
	args := ctx.QueryArgs()
	if ctx.IsPost() {
		args = ctx.PostArgs()
	}
	var h half
	text := string(args.Peek("request"))
	secret := string(ctx.Request.Header.Cookie(s.cookies.request))
	if s.open(purposeFactor, text, &h) != nil || foreign(ctx) || secret == "" || digestText(secret) != h.Request.Browser {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.NotBegunHere, "")
		return nil
	}
	if h.Began+halfTTL <= s.Now().Unix() {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.TooOld, "")
		return nil
	}
	client, err := s.applicationCalled(ctx, h.Request.ClientID)
	if err != nil {
		s.fail(ctx, "looking up the application", err)
		return nil
	}
	if client == nil {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.UnknownApplication, "")
		return nil
	}
	if !s.unchanged(ctx, h.Request, client) {
		return nil
	}
	ask := func(status int, wrong pages.Message) error {
		s.page(ctx, status, &pages.Page{Factor: &pages.Factor{Request: text, User: h.User, Wrong: wrong}}, h.Request.RedirectURI)
		return nil
	}
	if !ctx.IsPost() {
		return ask(fasthttp.StatusOK, "")
	}
	user, err := s.Config.Factor(ctx, h.User, h.Network, string(args.Peek("code")))
	switch {
	case errors.Is(err, ErrWrong):
		return ask(fasthttp.StatusForbidden, pages.WrongCode)
	case errors.Is(err, ErrLimited):
		return ask(fasthttp.StatusTooManyRequests, pages.TooManyLogins)
	case err != nil:
		s.fail(ctx, "checking a second factor", err)
		return nil
	}
	h.Request.asked = true
	s.begin(ctx, h.Request, client, user, h.Network, []string{"pwd", "otp"}, h.Began)
	return nil
}
