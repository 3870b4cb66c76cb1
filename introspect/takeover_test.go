package introspect

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/tollgate/tollgate/introspect/admin"
	"github.com/tollgate/tollgate/introspect/store"
)

// ask sends a browser to the authorization endpoint for an application.
func (b *browser) ask(app *oauth2.Config, verifier string, options ...oauth2.AuthCodeOption) shown {
	b.t.Helper()
	return b.get(app.AuthCodeURL("s", append(options, oauth2.S256ChallengeOption(verifier))...))
}

// refreshes is the status of the use of a refresh token.
func (s *site) refreshes(app *oauth2.Config, refresh string) int {
	s.t.Helper()
	form := []string{"grant_type", "refresh_token", "refresh_token", refresh, "client_id", app.ClientID}
	if app.ClientSecret != "" {
		form = append(form, "client_secret", app.ClientSecret)
	}
	return s.post("/oauth2/token", form).status
}

// offline is an application's configuration that asks for a refresh token.
func offline(app *oauth2.Config) *oauth2.Config {
	c := *app
	c.Scopes = append(append([]string{}, app.Scopes...), "offline_access")
	return &c
}

// A browser's login that was ended with its user's others does not come back: not
// when the life of a refresh token is over, where it is the shorter one, and not
// after an unlucky sweep.
func TestLoginStaysEndedForItsWholeLife(t *testing.T) {
	cfg := quick(t)
	cfg.Tokens.RefreshTTL, cfg.Login.SessionTTL = time.Hour, 12*time.Hour
	s := newSiteWith(t, cfg)
	f := func(what string, end func(context.Context) error) {
		t.Helper()
		b, verifier := s.browser(), oauth2.GenerateVerifier()
		s.code(b.login(b.ask(s.app, verifier)), "s")
		if err := end(t.Context()); err != nil {
			t.Fatal(err)
		}
		if at := b.ask(s.app, verifier); at.to != nil {
			t.Errorf("%s: the browser is logged in at once afterwards", what)
		}
		s.advance(2 * time.Hour)
		s.sweep()
		if at := b.ask(s.app, verifier); at.to != nil {
			t.Errorf("%s: the browser is logged in again two hours later: to %v", what, at.to)
		}
	}
	f("sessions revoked", func(ctx context.Context) error {
		_, err := s.svc.Admin().RevokeSessions(ctx, "alice")
		return err
	})
	f("disabled and enabled", func(ctx context.Context) error {
		if _, err := s.svc.Admin().DisableUser(ctx, "alice"); err != nil {
			return err
		}
		_, err := s.svc.Admin().EnableUser(ctx, "alice")
		return err
	})
	f("password changed", func(ctx context.Context) error {
		_, err := s.svc.Admin().SetPassword(ctx, "alice", []byte(alicePassword))
		return err
	})
}

// A code of before the end of all its user's sessions gives no session after it:
// a thief would keep one that the change of the password was to end.
func TestCodeOfAnEndedLogin(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		s := newSiteWith(t, cfg)
		app := offline(s.app)
		f := func(what string, end func(context.Context, admin.Admin) error) {
			t.Helper()
			b, verifier := s.browser(), oauth2.GenerateVerifier()
			code := s.code(b.login(b.ask(app, verifier)), "s")
			if err := end(t.Context(), s.svc.Admin()); err != nil {
				t.Fatal(err)
			}
			s.advance(2 * time.Second)
			tokens, err := app.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
			if err == nil {
				t.Errorf("%s: the code of before gives a session, whose refresh answers %d", what, s.refreshes(app, tokens.RefreshToken))
			} else if !strings.Contains(err.Error(), "invalid_grant") {
				t.Errorf("%s: %v, want invalid_grant", what, err)
			}
		}
		f("password changed", func(ctx context.Context, a admin.Admin) error {
			_, err := a.SetPassword(ctx, "alice", []byte(alicePassword))
			return err
		})
		f("sessions revoked", func(ctx context.Context, a admin.Admin) error {
			_, err := a.RevokeSessions(ctx, "alice")
			return err
		})
		f("application disabled and enabled", func(ctx context.Context, a admin.Admin) error {
			if _, err := a.DisableClient(ctx, "shop"); err != nil {
				return err
			}
			_, err := a.EnableClient(ctx, "shop")
			return err
		})
		f("application's scopes taken away", func(ctx context.Context, a admin.Admin) error {
			_, err := a.SetClient(ctx, admin.ClientChange{ID: "shop", Scopes: &[]string{"write"}})
			return err
		})
	})
}

// An application's tokens that were revoked do not end the logins of people: who
// has logged in before may go on to the application.
func TestRevokedApplicationIsUsedAgain(t *testing.T) {
	s := newSite(t)
	b, verifier := s.browser(), oauth2.GenerateVerifier()
	s.code(b.login(b.ask(s.app, verifier)), "s")
	if _, err := s.svc.Admin().DisableClient(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.svc.Admin().EnableClient(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	s.advance(2 * time.Second)
	if _, err := s.app.Exchange(t.Context(), s.code(b.ask(s.app, verifier), "s"), oauth2.VerifierOption(verifier)); err != nil {
		t.Errorf("a code of after the revocation, by a login of before it: %v", err)
	}
}

// Who knows a password and has many addresses does not get more guesses at the
// second factor than at the password: showing the password makes no address known.
func TestSecondFactorIsLimitedFromEverywhere(t *testing.T) {
	cfg := quick(t)
	cfg.Login.PerPair, cfg.Login.PerID = LimitConfig{5, time.Hour}, LimitConfig{20, time.Hour}
	s := newSiteWith(t, cfg)
	s.stopClock()
	b, verifier := s.browser(), oauth2.GenerateVerifier()
	s.code(b.login(b.ask(s.app, verifier)), "s")
	page := b.get(s.url + "/account/factor")
	secret := shownSecret.FindStringSubmatch(page.body)[1]
	b.submit(page, "code", authenticator(secret, s.svc.now()))
	guesses := 0
	for network := range 20 {
		for range 5 {
			r := s.post("/login", []string{"id", "alice", "password", alicePassword, "otp", "000000"},
				s.asGateway(), header("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", network)))
			switch r.status {
			case 401:
				guesses++
			case 429:
			default:
				t.Fatalf("a guess: %d %s", r.status, r.body)
			}
		}
	}
	if guesses > 20 {
		t.Errorf("20 networks could guess %d times at the second factor; want 20 times, as at a password", guesses)
	}
}

// Withdrawing a consent ends what the application holds by it, also what it got by
// a login that is over, and what it gets by a code of before.
func TestWithdrawnConsentEndsEverything(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		cfg.Login.SessionTTL = time.Hour
		s := newSiteWith(t, cfg)
		app := offline(s.third)
		b, verifier := s.browser(), oauth2.GenerateVerifier()
		redeem := func(code string) *oauth2.Token {
			t.Helper()
			tokens, err := app.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			return tokens
		}
		old := redeem(s.code(b.submit(b.login(b.ask(app, verifier)), "answer", "allow"), "s"))
		s.advance(2 * time.Hour) // the browser's login is over, and the application acts on
		r := s.post("/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", old.RefreshToken, "client_id", "partner", "client_secret", "partner secret"})
		if r.status != 200 {
			t.Fatalf("a refresh with consent, after the login: %d %s", r.status, r.body)
		}
		refresh := r.text(t, "refresh_token")
		code := s.code(b.login(b.ask(app, verifier)), "s") // consent is remembered
		b.submit(b.get(s.url+"/account"), "withdraw", "partner")
		if status := s.refreshes(app, refresh); status != 400 {
			t.Errorf("the refresh token of a login that was over works after the consent was withdrawn: %d", status)
		}
		if _, err := app.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err == nil {
			t.Error("a code of before the withdrawal gives a session after it")
		}
		// Another consent gives nothing back of what was withdrawn.
		s.advance(2 * time.Second)
		again := redeem(s.code(b.submit(b.ask(app, verifier), "answer", "allow"), "s"))
		if status := s.refreshes(app, refresh); status != 400 {
			t.Errorf("the refresh token of before works again after another consent: %d", status)
		}
		// More scopes later leave the session as it is.
		s.advance(2 * time.Second)
		more := *app
		more.Scopes = append(more.Scopes, "email")
		redeem(s.code(b.submit(b.ask(&more, verifier), "answer", "allow"), "s"))
		if status := s.refreshes(app, again.RefreshToken); status != 200 {
			t.Errorf("a consent to more ends the session of before: %d", status)
		}
	})
}

// What an application has lost since its request was checked, it does not get from
// a page that was shown before.
func TestApplicationChangesWhileAPersonIsAsked(t *testing.T) {
	f := func(what string, change func(*store.Client), uri string) {
		t.Helper()
		s := newSite(t)
		b, verifier := s.browser(), oauth2.GenerateVerifier()
		page := b.ask(s.app, verifier)
		shop, err := s.svc.store.Client(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		next := *shop
		change(&next)
		if err := s.svc.store.PutClient(t.Context(), &next, shop); err != nil {
			t.Fatal(err)
		}
		at := b.login(page)
		if uri == "" && at.to != nil {
			t.Errorf("%s: to %v; want a page", what, at.to)
		}
		if uri != "" && (at.to == nil || !strings.HasPrefix(at.to.String(), uri) || at.to.Query().Has("code")) {
			t.Errorf("%s: %d, to %v; want an error to the application", what, at.status, at.to)
		}
	}
	f("redirect URI removed", func(c *store.Client) { c.RedirectURIs = []string{"https://shop.example/callback"} }, "")
	f("scope removed", func(c *store.Client) { c.Scopes = []string{"write"} }, shopCallback)
	f("audience removed", func(c *store.Client) { c.Audiences = []string{"elsewhere"} }, shopCallback)
}

// A person who has to be asked is asked also where a login comes first, and where
// both are asked for.
func TestConsentIsAskedForAfterALogin(t *testing.T) {
	s := newSite(t)
	verifier := oauth2.GenerateVerifier()
	first := s.browser()
	s.code(first.submit(first.login(first.ask(s.third, verifier)), "answer", "allow"), "s")
	for _, prompt := range []string{"consent", "login consent", "consent login", "consent select_account"} {
		b := s.browser()
		at := b.login(b.ask(s.third, verifier, oauth2.SetAuthURLParam("prompt", prompt)))
		if at.to != nil || !strings.Contains(at.body, "would like to") {
			t.Errorf("prompt %q, after the login: %d, to %v; want the question", prompt, at.status, at.to)
			continue
		}
		s.code(b.submit(at, "answer", "allow"), "s")
	}
}

// A login that was made for a request is recent enough for it, however long the
// person takes to consent.
func TestMaxAgeWithConsent(t *testing.T) {
	s := newSite(t)
	b, verifier := s.browser(), oauth2.GenerateVerifier()
	page := b.login(b.ask(s.third, verifier, oauth2.SetAuthURLParam("max_age", "0")))
	s.advance(10 * time.Second)
	s.code(b.submit(page, "answer", "allow"), "s")
	s.advance(10 * time.Second)
	if at := b.ask(s.third, verifier, oauth2.SetAuthURLParam("max_age", "0")); at.to != nil {
		t.Errorf("max_age 0 takes a login of ten seconds ago: to %v", at.to)
	}
}

// Who is asked for the second factor does not get around it by the next page.
func TestSecondFactorIsNotSkippedByTheNextPage(t *testing.T) {
	s := newSite(t)
	s.stopClock()
	b, verifier := s.browser(), oauth2.GenerateVerifier()
	s.code(b.login(b.ask(s.app, verifier)), "s")
	page := b.get(s.url + "/account/factor")
	secret := shownSecret.FindStringSubmatch(page.body)[1]
	b.submit(page, "code", authenticator(secret, s.svc.now()))
	asked := b.ask(s.third, verifier, oauth2.SetAuthURLParam("acr_values", "2"))
	if asked.to != nil {
		t.Fatal("a login by password is taken where a second factor is asked for")
	}
	request := hidden.FindStringSubmatch(asked.body)[2]
	at := b.get(s.url + "/oauth2/authorize/consent?request=" + url.QueryEscape(request))
	if strings.Contains(at.body, "would like to") {
		if at = b.submit(at, "answer", "allow"); at.to != nil && at.to.Query().Has("code") {
			t.Error("the page of consents gives a code for a login by password")
		}
		t.Error("the page of consents takes a login by password where a second factor is asked for")
	}
}

// Logging in again in a browser takes the place of its login of before: the secret
// of before is worth nothing, and a logout ends what either gave.
func TestLoginAgainTakesThePlace(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		s := newSiteWith(t, cfg)
		app := offline(s.app)
		b, verifier := s.browser(), oauth2.GenerateVerifier()
		first, err := app.Exchange(t.Context(), s.code(b.login(b.ask(app, verifier)), "s"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(s.url)
		if err != nil {
			t.Fatal(err)
		}
		copied := s.browser()
		copied.http.Jar.SetCookies(u, b.http.Jar.Cookies(u))
		s.code(b.login(b.ask(app, verifier, oauth2.SetAuthURLParam("prompt", "login"))), "s")
		if at := copied.ask(app, verifier); at.to != nil {
			t.Error("the secret of the login before is worth a login")
		}
		if s.refreshes(app, first.RefreshToken) != 200 {
			t.Error("logging in again ends what the application holds")
		}
		if n := strings.Count(b.get(s.url+"/account").body, `name="end"`); n != 1 {
			t.Errorf("the account page lists %d logins of one browser, want 1", n)
		}
		b.submit(b.get(s.url + "/oauth2/logout"))
		if s.active(first.AccessToken) {
			t.Error("after the logout, an access token of the login before is alive")
		}
	})
}

// A state as long as may be goes through every page: the head of a request has room.
func TestLongState(t *testing.T) {
	s := newSite(t)
	b, verifier := s.browser(), oauth2.GenerateVerifier()
	state := strings.Repeat("s", 2048)
	at := b.get(s.third.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("nonce", strings.Repeat("n", 512)),
		oauth2.SetAuthURLParam("login_hint", strings.Repeat("h", 255))))
	s.code(b.submit(b.login(at), "answer", "allow"), state)
}
