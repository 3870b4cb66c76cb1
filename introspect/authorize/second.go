package authorize

import (
	"encoding/base64"
	"errors"
	"html/template"

	"github.com/valyala/fasthttp"
	"rsc.io/qr"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/authorize/pages"
)

// A second is a second factor that is being set up, sealed in its form.
type second struct {
	Browser string `json:"b"` // the login's id
	Secret  []byte `json:"s,omitempty"`
}

// Second is the page on which a person sets up a second factor, or takes it
// away, and POST of its form.
func (s *Server) Second(ctx *fasthttp.RequestCtx) error {
	b, err := s.browser(ctx)
	if err != nil {
		s.fail(ctx, "looking up the browser's login", err)
		return nil
	}
	if b == nil {
		s.problem(ctx, fasthttp.StatusForbidden, pages.NotLoggedIn, "")
		return nil
	}
	user, err := s.Store.User(ctx, b.Subject)
	if err != nil {
		s.fail(ctx, "looking up a user", err)
		return nil
	}
	if !ctx.IsPost() {
		var secret []byte
		if !user.HasFactor() {
			secret = account.NewTOTP().Secret
		}
		return s.askSecond(ctx, b, secret, fasthttp.StatusOK, "")
	}
	args := ctx.PostArgs()
	var form second
	if s.open(purposeAccount, string(args.Peek("form")), &form) != nil || form.Browser != b.ID || foreign(ctx) {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.NotBegunHere, "")
		return nil
	}
	codes, err := s.SetFactor(ctx, b.Subject, b.Network, form.Secret, string(args.Peek("code")))
	switch {
	case errors.Is(err, ErrWrong):
		return s.askSecond(ctx, b, form.Secret, fasthttp.StatusForbidden, pages.WrongCode)
	case errors.Is(err, ErrLimited):
		return s.askSecond(ctx, b, form.Secret, fasthttp.StatusTooManyRequests, pages.TooManyLogins)
	case err != nil:
		s.fail(ctx, "setting a second factor", err)
	case len(codes) == 0:
		redirect(ctx, s.below+PathAccount)
	default:
		s.page(ctx, fasthttp.StatusOK, &pages.Page{Second: &pages.Second{Recovery: codes}}, "")
	}
	return nil
}

// askSecond shows a new secret, as text and as a picture, or asks for a code to
// take the factor away by.
func (s *Server) askSecond(ctx *fasthttp.RequestCtx, b *Browser, secret []byte, status int, wrong pages.Message) error {
	sealed, err := s.seal(purposeAccount, second{b.ID, secret})
	if err != nil {
		s.fail(ctx, "sealing a form", err)
		return nil
	}
	p := &pages.Second{Form: sealed, Wrong: wrong, Remove: len(secret) == 0}
	if !p.Remove {
		t := account.TOTP{Secret: secret}
		picture, err := qr.Encode(t.URI(s.Title, b.Subject), qr.M)
		if err != nil {
			s.fail(ctx, "drawing a QR code", err)
			return nil
		}
		p.Secret = t.Base32()
		p.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(picture.PNG()))
	}
	s.page(ctx, status, &pages.Page{Second: p}, "")
	return nil
}
