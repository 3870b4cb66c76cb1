package authorize

import (
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize/pages"
	"github.com/tollgate/tollgate/introspect/store"
)

// An accountForm binds the account page's forms to the login they are shown to.
type accountForm struct {
	Browser string `json:"b"`
}

// Account is the page where people see in which browsers they are logged in and
// which applications they let in, and end either: by GET, and by POST of its
// forms.
func (s *Server) Account(ctx *fasthttp.RequestCtx) error {
	b, err := s.browser(ctx)
	if err != nil {
		s.fail(ctx, "looking up the browser's login", err)
		return nil
	}
	if b == nil {
		s.problem(ctx, fasthttp.StatusForbidden, pages.NotLoggedIn, "")
		return nil
	}
	if ctx.IsPost() {
		return s.changeAccount(ctx, b)
	}
	browsers, err := s.Browsers(ctx, b.Subject)
	if err != nil {
		s.fail(ctx, "listing logins", err)
		return nil
	}
	consents, err := s.Consents(ctx, b.Subject)
	if err != nil {
		s.fail(ctx, "listing consents", err)
		return nil
	}
	sealed, err := s.seal(purposeAccount, accountForm{b.ID})
	if err != nil {
		s.fail(ctx, "sealing a form", err)
		return nil
	}
	user, err := s.Store.User(ctx, b.Subject)
	if err != nil {
		s.fail(ctx, "looking up a user", err)
		return nil
	}
	p := &pages.Account{User: b.Subject, Form: sealed, Second: user.HasFactor()}
	for _, x := range browsers {
		p.Browsers = append(p.Browsers, pages.AccountBrowser{
			ID: x.ID, Agent: program(x.Agent), Network: x.Network, Since: time.Unix(x.AuthTime, 0).UTC(), This: x.ID == b.ID,
		})
	}
	for _, c := range consents {
		shown := c.Client
		if client, err := s.applicationCalled(ctx, c.Client); err == nil && client != nil {
			shown = name(client)
		}
		p.Consents = append(p.Consents, pages.AccountConsent{Client: c.Client, Name: shown, Scopes: c.Scopes, Since: time.Unix(c.Given, 0).UTC()})
	}
	s.page(ctx, fasthttp.StatusOK, &pages.Page{Account: p}, "")
	return nil
}

// changeAccount ends what a form of the page names: one login, all of them, or a
// consent.
func (s *Server) changeAccount(ctx *fasthttp.RequestCtx, b *Browser) error {
	args := ctx.PostArgs()
	var form accountForm
	if s.open(purposeAccount, string(args.Peek("form")), &form) != nil || form.Browser != b.ID || foreign(ctx) {
		s.problem(ctx, fasthttp.StatusBadRequest, pages.NotBegunHere, "")
		return nil
	}
	one, all, consent := string(args.Peek("end")), len(args.Peek("end_all")) > 0, string(args.Peek("withdraw"))
	if consent != "" {
		if err := s.withdraw(ctx, b.Subject, consent); err != nil {
			s.fail(ctx, "withdrawing a consent", err)
			return nil
		}
	}
	browsers, err := s.Browsers(ctx, b.Subject)
	if err != nil {
		s.fail(ctx, "listing logins", err)
		return nil
	}
	for _, x := range browsers {
		if !all && x.ID != one {
			continue
		}
		if err := s.End(ctx, x); err != nil {
			s.fail(ctx, "ending a login", err)
			return nil
		}
		s.Audit("browser logout", "user", x.Subject, "browser", x.ID, "by", "account")
	}
	redirect(ctx, s.below+PathAccount)
	return nil
}

// withdraw forgets a consent, and revokes what the application holds by it. What
// it got by logins that are over cannot be refreshed any more: see Consented.
func (s *Server) withdraw(ctx *fasthttp.RequestCtx, subject, client string) error {
	err := s.Store.Drop(ctx, &store.Record{
		Kind: store.RecordConsent, Digest: consentDigest(subject, client), Owner: subject,
	})
	if err != nil {
		return err
	}
	s.Audit("consent withdrawn", "user", subject, "client", client)
	browsers, err := s.Browsers(ctx, subject)
	if err != nil {
		return err
	}
	for _, b := range browsers {
		if err := s.endSessions(ctx, b, client); err != nil {
			return err
		}
	}
	return nil
}

// program names the browser of a User-Agent and where it runs, as far as the
// usual ones can be told apart; another one is shown as it is.
func program(agent string) string {
	first := func(known [][2]string) string {
		for _, k := range known {
			if strings.Contains(agent, k[0]) {
				return k[1]
			}
		}
		return ""
	}
	name := first([][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}})
	system := first([][2]string{{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}})
	if name == "" || system == "" {
		return agent
	}
	return name + ", " + system
}
