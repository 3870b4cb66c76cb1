package introspect

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/tollgate/tollgate/introspect/store"
)

// A site is a service with applications that log people in.
type site struct {
	*fixture
	app   *oauth2.Config // of the client shop: public, of the first party
	third *oauth2.Config // of the client partner: confidential, not of the first party
}

const (
	shopCallback    = "http://127.0.0.1:9/callback"
	partnerCallback = "https://partner.example/callback?from=tollgate"
)

func newSite(t testing.TB) *site {
	t.Helper()
	return newSiteWith(t, quick(t))
}

func newSiteWith(t testing.TB, cfg Config) *site {
	t.Helper()
	cfg.Issuer = selfIssuer
	s := &site{fixture: start(t, cfg)}
	ctx := t.Context()
	alice, err := s.svc.store.User(ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	named := *alice
	named.Name, named.Email, named.EmailVerified = "Alice Liddell", "alice@example.org", true
	if err := s.svc.store.PutUser(ctx, &named, alice); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*store.Client{
		{ID: "shop", Public: true, FirstParty: true, Scopes: []string{"read", "write"}, RedirectURIs: []string{shopCallback}, PostLogoutURIs: []string{"http://127.0.0.1:9/bye"}},
		{ID: "partner", Name: "Partner & Sons", Secret: store.DigestOf([]byte("partner secret")), Scopes: []string{"read"}, RedirectURIs: []string{partnerCallback, "https://partner.example/other"}},
	} {
		if err := s.svc.store.PutClient(ctx, c, nil); err != nil {
			t.Fatal(err)
		}
	}
	endpoint := oauth2.Endpoint{AuthURL: s.url + "/oauth2/authorize", TokenURL: s.url + "/oauth2/token"}
	s.app = &oauth2.Config{ClientID: "shop", Endpoint: endpoint, RedirectURL: shopCallback, Scopes: []string{"openid", "profile", "email", "read"}}
	s.third = &oauth2.Config{ClientID: "partner", ClientSecret: "partner secret", Endpoint: endpoint, RedirectURL: partnerCallback, Scopes: []string{"openid", "read"}}
	return s
}

// A browser keeps cookies, and stops where it is sent away from the service.
type browser struct {
	t    testing.TB
	site *site
	http *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s.t, s, &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if "http://"+req.URL.Host != s.url {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// A shown is what a browser shows, or where it was sent.
type shown struct {
	status int
	body   string
	header http.Header
	to     *url.URL // a redirect away from the service, or nil
}

func (b *browser) do(req *http.Request) shown {
	b.t.Helper()
	res, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	out := shown{status: res.StatusCode, body: string(body), header: res.Header}
	if res.StatusCode == http.StatusSeeOther {
		if out.to, err = res.Location(); err != nil {
			b.t.Fatal(err)
		}
	}
	return out
}

func (b *browser) get(u string) shown {
	b.t.Helper()
	req, err := http.NewRequest("GET", u, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	hidden     = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// submit posts the form of a page with fields in addition to its hidden ones.
func (b *browser) submit(page shown, fields ...string) shown {
	b.t.Helper()
	action := formAction.FindStringSubmatch(page.body)
	if action == nil {
		b.t.Fatalf("status %d, no form in %s", page.status, page.body)
	}
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page.body, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequest("POST", b.site.url+html.UnescapeString(action[1]), strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// login fills in the login page.
func (b *browser) login(page shown) shown {
	b.t.Helper()
	return b.submit(page, "id", "alice", "password", alicePassword)
}

// code is the code that a browser takes to an application.
func (s *site) code(at shown, state string) string {
	s.t.Helper()
	if at.to == nil {
		s.t.Fatalf("status %d and no redirect: %s", at.status, at.body)
	}
	q := at.to.Query()
	if q.Get("state") != state || q.Get("iss") != s.cfg.Issuer || q.Get("code") == "" {
		s.t.Fatalf("the application receives %v; want a code, state %q and iss %q", q, state, s.cfg.Issuer)
	}
	return q.Get("code")
}

// The whole flow, by libraries that nobody here wrote: golang.org/x/oauth2 and
// coreos/go-oidc.
func TestCodeFlow(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, s.cfg.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	verifier := oauth2.GenerateVerifier()
	page := b.get(s.app.AuthCodeURL("the state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("the nonce")))
	if page.status != 200 || !strings.Contains(page.body, "Log in") {
		t.Fatalf("status %d: %s", page.status, page.body)
	}
	code := s.code(b.login(page), "the state")
	tokens, err := s.app.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if tokens.RefreshToken != "" {
		t.Error("there is a refresh token, though offline_access was not asked for")
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: "shop"}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	if id.Subject != "alice" || id.Nonce != "the nonce" {
		t.Errorf("the ID token is of %q with nonce %q; want alice and the nonce", id.Subject, id.Nonce)
	}
	if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
		t.Errorf("at_hash: %v", err)
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Name string `json:"name"`
	}
	if err := info.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if info.Subject != "alice" || info.Email != "alice@example.org" || !info.EmailVerified || claims.Name != "Alice Liddell" {
		t.Errorf("userinfo says %+v, name %q", info, claims.Name)
	}
	if !s.active(tokens.AccessToken) {
		t.Error("the access token is not active")
	}
	// The browser stays logged in: the next application asks nobody.
	again := b.get(s.app.AuthCodeURL("s2", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "none")))
	s.code(again, "s2")
}

// A client may have its ID tokens and its access tokens signed as its verifiers
// know: EdDSA, RS256 or ES256; or have opaque ones, whatever others have.
func TestAlgorithmsOfAClient(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, s.cfg.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	f := func(idAlg, wantID, accessAlg, wantAccess string) {
		t.Helper()
		shop, err := s.svc.store.Client(ctx, "shop")
		if err != nil {
			t.Fatal(err)
		}
		next := *shop
		next.IDTokenAlg, next.TokenAlg, next.TokenFormat = idAlg, accessAlg, ""
		if accessAlg == "opaque" {
			next.TokenAlg, next.TokenFormat = "", FormatOpaque
		}
		if err := s.svc.store.PutClient(ctx, &next, shop); err != nil {
			t.Fatal(err)
		}
		verifier := oauth2.GenerateVerifier()
		at := b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
		if at.to == nil {
			at = b.login(at)
		}
		tokens, err := s.app.Exchange(ctx, s.code(at, "s"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatalf("%s, %s: %v", idAlg, accessAlg, err)
		}
		raw, _ := tokens.Extra("id_token").(string)
		id, err := provider.Verifier(&oidc.Config{ClientID: "shop", SupportedSigningAlgs: []string{wantID}}).Verify(ctx, raw)
		if err != nil {
			t.Errorf("ID token by %s: %v", wantID, err)
			return
		}
		if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
			t.Errorf("at_hash by %s: %v", wantID, err)
		}
		if alg := algorithm(t, tokens.AccessToken); alg != wantAccess {
			t.Errorf("the access token is by %q, want %q", alg, wantAccess)
		}
		if !s.active(tokens.AccessToken) {
			t.Errorf("the access token by %s is not active", wantAccess)
		}
	}
	f("", "RS256", "", "EdDSA")
	f("EdDSA", "EdDSA", "RS256", "RS256")
	f("ES256", "ES256", "ES256", "ES256")
	f("RS256", "RS256", "opaque", "")
}

// algorithm is the alg of a JWT, empty for an opaque token.
func algorithm(t *testing.T, token string) string {
	t.Helper()
	head, _, ok := strings.Cut(token, ".")
	if !ok {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var h struct {
		Alg string `json:"alg"`
	}
	if err := json.Unmarshal(text, &h); err != nil {
		t.Fatal(err)
	}
	return h.Alg
}

// A code works once. Whoever shows it again ends what it gave, also when fifty
// do so at once, and nobody gets a second session.
func TestRFC6749_4_1_2_CodeIsUsedOnce(t *testing.T) {
	each(t, testCodeIsUsedOnce)
}

func testCodeIsUsedOnce(t *testing.T, cfg Config) {
	s := newSiteWith(t, cfg)
	s.app.Scopes = append(s.app.Scopes, "offline_access")
	b := s.browser()
	for round := range 20 {
		verifier := oauth2.GenerateVerifier()
		at := b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
		if at.to == nil {
			at = b.login(at)
		}
		code := s.code(at, "s")
		const callers = 50
		got := make([]*oauth2.Token, callers)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() { got[i], _ = s.app.Exchange(context.Background(), code, oauth2.VerifierOption(verifier)) })
		}
		all.Wait()
		won := 0
		for _, tokens := range got {
			if tokens == nil {
				continue
			}
			won++
			if s.active(tokens.AccessToken) {
				t.Errorf("round %d: an access token is alive though its code was shown again", round)
			}
			if r := s.post("/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", tokens.RefreshToken, "client_id", "shop"}); r.status != 400 {
				t.Errorf("round %d: a refresh token works though its code was shown again: %d", round, r.status)
			}
		}
		if won > 1 {
			t.Fatalf("round %d: %d of %d got a session from one code", round, won, callers)
		}
	}
}

// A logout and the redemption of a code of the same login, at the same moment:
// whichever comes first, nothing that the code gave is alive afterwards.
func TestLogoutWhileACodeIsRedeemed(t *testing.T) {
	each(t, func(t *testing.T, cfg Config) {
		s := newSiteWith(t, cfg)
		s.app.Scopes = append(s.app.Scopes, "offline_access")
		b := s.browser()
		verifier := oauth2.GenerateVerifier()
		won := 0
		for round := range 30 {
			code := s.code(b.login(b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))), "s")
			logout := b.get(s.url + "/oauth2/logout")
			var tokens *oauth2.Token
			var all sync.WaitGroup
			all.Go(func() { tokens, _ = s.app.Exchange(context.Background(), code, oauth2.VerifierOption(verifier)) })
			all.Go(func() {
				time.Sleep(time.Duration(round) * 50 * time.Microsecond)
				b.submit(logout)
			})
			all.Wait()
			if tokens == nil {
				continue
			}
			won++
			if s.active(tokens.AccessToken) {
				t.Errorf("round %d: the access token is alive after the logout", round)
			}
			if r := s.post("/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", tokens.RefreshToken, "client_id", "shop"}); r.status != 400 {
				t.Errorf("round %d: the refresh token works after the logout: %d", round, r.status)
			}
		}
		t.Logf("the code came first in %d of 30 rounds", won)
	})
}

func TestRFC6749_4_1_3_CodeIsBound(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	verifier := oauth2.GenerateVerifier()
	fresh := func() string {
		t.Helper()
		at := b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
		if at.to == nil {
			at = b.login(at)
		}
		return s.code(at, "s")
	}
	f := func(what, wantCode string, status int, fields ...string) {
		t.Helper()
		code := fresh()
		form := append([]string{"grant_type", "authorization_code", "code", code}, fields...)
		r := s.post("/oauth2/token", form)
		if r.status != status || r.text(t, "error") != wantCode {
			t.Errorf("%s: %d %s, want %d %s", what, r.status, r.body, status, wantCode)
		}
		// The rightful owner's code is as good as before.
		if _, err := s.app.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err != nil {
			t.Errorf("%s: the code is spent for its owner: %v", what, err)
		}
	}
	f("another verifier", "invalid_grant", 400, "client_id", "shop", "redirect_uri", shopCallback, "code_verifier", oauth2.GenerateVerifier())
	f("no verifier", "invalid_request", 400, "client_id", "shop", "redirect_uri", shopCallback)
	f("a short verifier", "invalid_grant", 400, "client_id", "shop", "redirect_uri", shopCallback, "code_verifier", "short")
	f("another redirect URI", "invalid_grant", 400, "client_id", "shop", "redirect_uri", shopCallback+"/", "code_verifier", verifier)
	f("no redirect URI", "invalid_grant", 400, "client_id", "shop", "code_verifier", verifier)
	f("another client", "invalid_grant", 400, "client_id", "partner", "client_secret", "partner secret", "redirect_uri", shopCallback, "code_verifier", verifier)
	f("no client", "invalid_client", 401, "redirect_uri", shopCallback, "code_verifier", verifier)
	f("a confidential client without its secret", "invalid_client", 401, "client_id", "partner", "redirect_uri", shopCallback, "code_verifier", verifier)
	f("a public client with a secret", "invalid_client", 401, "client_id", "shop", "client_secret", "x", "redirect_uri", shopCallback, "code_verifier", verifier)
	f("a client that logs nobody in", "unauthorized_client", 400, "client_id", "reporting", "client_secret", s.reporting, "redirect_uri", shopCallback, "code_verifier", verifier)

	code := fresh()
	s.advance(61 * time.Second)
	if _, err := s.app.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err == nil {
		t.Error("a code works after a minute")
	}
}

// Which errors the person sees, and which the application is told.
func TestRFC6749_4_1_2_1_WhoIsToldOfAnError(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	good := map[string]string{
		"client_id": "shop", "redirect_uri": shopCallback, "response_type": "code", "scope": "openid", "state": "xyz",
		"code_challenge": oauth2.S256ChallengeFromVerifier(oauth2.GenerateVerifier()), "code_challenge_method": "S256",
	}
	ask := func(change ...string) shown {
		t.Helper()
		q := url.Values{}
		for k, v := range good {
			q.Set(k, v)
		}
		for i := 0; i < len(change); i += 2 {
			if q.Del(change[i]); change[i+1] != "" {
				q.Set(change[i], change[i+1])
			}
		}
		return b.get(s.url + "/oauth2/authorize?" + q.Encode())
	}
	page := func(what string, change ...string) {
		t.Helper()
		if at := ask(change...); at.status != 400 || at.to != nil || !strings.Contains(at.body, "This did not work") {
			t.Errorf("%s: %d, to %v; want a page with 400 and no redirect", what, at.status, at.to)
		}
	}
	page("unknown client", "client_id", "nobody")
	page("no client", "client_id", "")
	page("a client that logs nobody in", "client_id", "reporting")
	page("unregistered URI", "redirect_uri", "https://evil.example/callback")
	page("a longer URI", "redirect_uri", shopCallback+"/x")
	page("a URI with a query", "redirect_uri", shopCallback+"?a=b")
	page("a URI with another path", "redirect_uri", "http://127.0.0.1:9/x/../callback")
	page("loopback by another name", "redirect_uri", "http://localhost:9/callback")
	page("loopback with a user", "redirect_uri", "http://127.0.0.1:9@evil.example/callback")
	page("https in place of loopback http", "redirect_uri", "https://127.0.0.1:9/callback")

	tell := func(what, code string, change ...string) {
		t.Helper()
		at := ask(change...)
		if at.to == nil || !strings.HasPrefix(at.to.String(), shopCallback+"?") {
			t.Errorf("%s: %d, to %v: %s; want a redirect to the application", what, at.status, at.to, at.body)
			return
		}
		q := at.to.Query()
		if q.Get("error") != code || q.Get("state") != "xyz" || q.Get("iss") != s.cfg.Issuer || q.Has("code") {
			t.Errorf("%s: the application is told %v; want error %s with state and iss", what, q, code)
		}
	}
	tell("no response type", "invalid_request", "response_type", "")
	tell("implicit", "unsupported_response_type", "response_type", "token")
	tell("hybrid", "unsupported_response_type", "response_type", "code id_token")
	tell("fragment mode", "invalid_request", "response_mode", "fragment")
	tell("no PKCE", "invalid_request", "code_challenge", "")
	tell("plain PKCE", "invalid_request", "code_challenge_method", "plain")
	tell("PKCE without a method, which is plain", "invalid_request", "code_challenge_method", "")
	tell("a challenge that is no hash", "invalid_request", "code_challenge", "abc")
	tell("prompt none with another", "invalid_request", "prompt", "none login")
	tell("unknown prompt", "invalid_request", "prompt", "create")
	tell("nobody logged in", "login_required", "prompt", "none")
	tell("max_age that is no number", "invalid_request", "max_age", "-1")
	tell("no scope that may be had", "invalid_scope", "scope", "admin")
	tell("a resource that is not ours", "invalid_target", "resource", "https://other.example")
	tell("a request object", "request_not_supported", "request", "eyJ")
	tell("a request by reference", "request_uri_not_supported", "request_uri", "https://evil.example/r")
	tell("a hint that is not ours", "invalid_request", "id_token_hint", "a.b.c")

	// A loopback address may have any port (RFC 8252, section 7.3).
	if at := ask("redirect_uri", "http://127.0.0.1:51004/callback"); at.status != 200 {
		t.Errorf("another port of the loopback address: %d, want the login page", at.status)
	}
	// What is repeated has two readings.
	at := b.get(s.url + "/oauth2/authorize?scope=openid&" + url.Values{
		"client_id": {"shop"}, "redirect_uri": {shopCallback}, "response_type": {"code"}, "state": {"xyz"}, "scope": {"read"},
		"code_challenge": {good["code_challenge"]}, "code_challenge_method": {"S256"},
	}.Encode())
	if at.to == nil || at.to.Query().Get("error") != "invalid_request" {
		t.Errorf("a repeated scope: %d, to %v; want invalid_request", at.status, at.to)
	}
}

func TestConsent(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	verifier := oauth2.GenerateVerifier()
	ask := func(options ...oauth2.AuthCodeOption) shown {
		return b.get(s.third.AuthCodeURL("s", append(options, oauth2.S256ChallengeOption(verifier))...))
	}
	page := b.login(ask())
	if page.status != 200 || !strings.Contains(page.body, "Partner &amp; Sons would like to") || strings.Contains(page.body, alicePassword) {
		t.Fatalf("after the login: %d %s; want the page that asks for consent", page.status, page.body)
	}
	refused := b.submit(page, "answer", "deny")
	if refused.to == nil || refused.to.Query().Get("error") != "access_denied" || refused.to.Query().Get("from") != "tollgate" {
		t.Fatalf("a refusal goes to %v; want error access_denied beside the URI's own query", refused.to)
	}
	if at := ask(oauth2.SetAuthURLParam("prompt", "none")); at.to.Query().Get("error") != "consent_required" {
		t.Errorf("prompt none without consent: %v, want consent_required", at.to)
	}
	code := s.code(b.submit(ask(), "answer", "allow"), "s")
	tokens, err := s.third.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	r := s.introspect(tokens.AccessToken, s.asGateway())
	if roles := fmt.Sprint(r.fields(t)["roles"]); roles != "[]" {
		t.Errorf("an application that was not allowed the roles has %s", roles)
	}
	// It is remembered, for these scopes and no others.
	s.code(ask(oauth2.SetAuthURLParam("prompt", "none")), "s")
	if at := ask(oauth2.SetAuthURLParam("scope", "openid read email")); at.to != nil {
		t.Errorf("more scopes than were allowed pass without a question: %v", at.to)
	}
	if at := ask(oauth2.SetAuthURLParam("prompt", "consent")); at.to != nil {
		t.Errorf("prompt consent asks nobody: %v", at.to)
	}
	// Withdrawn, it is asked again, and what the application holds is dead.
	account := b.get(s.url + "/account")
	if !strings.Contains(account.body, "Partner &amp; Sons") {
		t.Fatalf("the account page does not list the consent: %s", account.body)
	}
	b.submit(account, "withdraw", "partner")
	if at := ask(); at.to != nil {
		t.Errorf("a consent that was withdrawn counts: %v", at.to)
	}
	if s.active(tokens.AccessToken) {
		t.Error("a token is alive after the consent was withdrawn")
	}
}

func TestLoginAgain(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	verifier := oauth2.GenerateVerifier()
	ask := func(options ...oauth2.AuthCodeOption) shown {
		return b.get(s.app.AuthCodeURL("s", append(options, oauth2.S256ChallengeOption(verifier))...))
	}
	s.code(b.login(ask()), "s")
	// prompt=login asks though somebody is logged in
	if at := ask(oauth2.SetAuthURLParam("prompt", "login")); at.to != nil {
		t.Error("prompt login asks nobody")
	} else {
		s.code(b.login(at), "s")
	}
	// max_age asks when the login is older
	s.advance(10 * time.Second)
	s.code(ask(oauth2.SetAuthURLParam("max_age", "60")), "s")
	if at := ask(oauth2.SetAuthURLParam("max_age", "5")); at.to != nil {
		t.Error("a login older than max_age is taken")
	}
	if at := ask(oauth2.SetAuthURLParam("max_age", "5"), oauth2.SetAuthURLParam("prompt", "none")); at.to.Query().Get("error") != "login_required" {
		t.Errorf("prompt none with a login that is too old: %v, want login_required", at.to)
	}
	// the login ends
	s.advance(13 * time.Hour)
	if at := ask(); at.to != nil {
		t.Error("a login is taken after its end")
	}
}

// A login page belongs to the browser that was shown it; a login gives the
// browser a new secret; wrong passwords are told so.
func TestLoginPageIsBound(t *testing.T) {
	s := newSite(t)
	verifier := oauth2.GenerateVerifier()
	ask := func(b *browser) shown {
		return b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
	}
	mine, theirs := s.browser(), s.browser()
	page := ask(mine)
	ask(theirs)
	if at := theirs.login(page); at.status != 400 || at.to != nil {
		t.Errorf("a form that was begun in another browser: %d, to %v; want 400", at.status, at.to)
	}
	if at := mine.submit(page, "id", "alice", "password", "wrong"); at.status != 403 || !strings.Contains(at.body, "Name or password is wrong") {
		t.Errorf("a wrong password: %d %s", at.status, at.body)
	} else if at.header.Get("WWW-Authenticate") != "" {
		t.Error("a wrong password makes the browser open its own dialog")
	}
	if at := mine.submit(page, "id", "nobody", "password", "wrong"); at.status != 403 {
		t.Errorf("an unknown id: %d, want 403 as for a wrong password", at.status)
	}
	if at := mine.submit(page, "id", "alice", "password", alicePassword, "request", "AAAA"); at.status != 400 {
		t.Errorf("a request that was not sealed here: %d, want 400", at.status)
	}
	secret := func(b *browser) string {
		u, _ := url.Parse(s.url)
		for _, c := range b.http.Jar.Cookies(u) {
			if c.Name == "tollgate-login" {
				return c.Value
			}
		}
		return ""
	}
	s.code(mine.login(page), "s")
	first := secret(mine)
	s.code(mine.login(mine.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "login")))), "s")
	if first == "" || secret(mine) == first {
		t.Error("a login keeps the secret that the browser had before")
	}
	// Back and double submit: the form works again and does no harm.
	s.code(mine.login(page), "s")
	s.advance(31 * time.Minute)
	if at := mine.login(page); at.status != 400 || !strings.Contains(at.body, "too old") {
		t.Errorf("a page of half an hour ago: %d", at.status)
	}
}

// What a logout ends: the login of the browser, and the tokens of every
// application that came by it.
func TestBrowserLogout(t *testing.T) {
	s := newSite(t)
	s.app.Scopes = append(s.app.Scopes, "offline_access")
	verifier := oauth2.GenerateVerifier()
	begin := func(b *browser) *oauth2.Token {
		t.Helper()
		at := b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
		if at.to == nil {
			at = b.login(at)
		}
		tokens, err := s.app.Exchange(t.Context(), s.code(at, "s"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatal(err)
		}
		return tokens
	}
	dead := func(what string, tokens *oauth2.Token) {
		t.Helper()
		if s.active(tokens.AccessToken) {
			t.Errorf("%s: the access token is alive", what)
		}
		if r := s.post("/oauth2/token", []string{"grant_type", "refresh_token", "refresh_token", tokens.RefreshToken, "client_id", "shop"}); r.status != 400 {
			t.Errorf("%s: the refresh token works: %d", what, r.status)
		}
	}
	b, other := s.browser(), s.browser()
	tokens, kept := begin(b), begin(other)
	// by the application, with an ID token: nobody is asked
	q := url.Values{"id_token_hint": {tokens.Extra("id_token").(string)}, "post_logout_redirect_uri": {"http://127.0.0.1:9/bye"}, "state": {"a b"}}
	if at := b.get(s.url + "/oauth2/logout?" + q.Encode()); at.to == nil || at.to.String() != "http://127.0.0.1:9/bye?state=a+b" {
		t.Errorf("logout: %d, to %v", at.status, at.to)
	}
	dead("logout with an ID token", tokens)
	if !s.active(kept.AccessToken) {
		t.Error("a logout ends the login of another browser")
	}
	if at := b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))); at.to != nil {
		t.Error("the browser is logged in after a logout")
	}
	// without one, the person is asked
	tokens = begin(b)
	page := b.get(s.url + "/oauth2/logout")
	if page.status != 200 || !strings.Contains(page.body, "Log out?") || !s.active(tokens.AccessToken) {
		t.Fatalf("logout without a hint: %d %s", page.status, page.body)
	}
	if at := b.submit(page); !strings.Contains(at.body, "You are logged out") {
		t.Errorf("after the question: %d %s", at.status, at.body)
	}
	dead("logout after the question", tokens)
	// a URI that is not registered is not followed
	if at := b.get(s.url + "/oauth2/logout?client_id=shop&post_logout_redirect_uri=https://evil.example/"); at.status != 400 || at.to != nil {
		t.Errorf("a foreign post_logout_redirect_uri: %d, to %v; want 400", at.status, at.to)
	}
	// everywhere, by the account page
	tokens = begin(b)
	account := b.get(s.url + "/account")
	if n := strings.Count(account.body, `name="end"`); n != 2 {
		t.Errorf("the account page lists %d logins, want 2: %s", n, account.body)
	}
	b.submit(account, "end_all", "1")
	dead("logged out everywhere", tokens)
	dead("logged out everywhere, the other browser", kept)
	if at := other.get(s.url + "/account"); at.status != 403 {
		t.Errorf("the other browser's account page after logging out everywhere: %d, want 403", at.status)
	}
	// a user who is disabled is logged out too
	tokens = begin(b)
	if _, err := s.svc.Admin().DisableUser(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	dead("disabled", tokens)
	if at := b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))); at.to != nil {
		t.Error("a disabled user's browser is logged in")
	}
}

func TestFormPost(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	at := b.login(b.get(s.app.AuthCodeURL("<s>", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("response_mode", "form_post"))))
	if at.status != 200 || formAction.FindStringSubmatch(at.body)[1] != shopCallback {
		t.Fatalf("form_post: %d %s", at.status, at.body)
	}
	fields := map[string]string{}
	for _, m := range hidden.FindAllStringSubmatch(at.body, -1) {
		fields[m[1]] = html.UnescapeString(m[2])
	}
	if fields["code"] == "" || fields["state"] != "<s>" || fields["iss"] != s.cfg.Issuer {
		t.Errorf("the form has %v; want code, state and iss", fields)
	}
	if policy := at.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' http://127.0.0.1:9;") {
		t.Errorf("the policy keeps the form from the application: %s", policy)
	}
}

// Nothing of a page is kept, framed or told to others; no secret is in the log.
func TestPagesKeepToThemselves(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
	} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	policy := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(page.body, "<script") || strings.Contains(page.body, "style=") {
		t.Error("the page has a script or a style of its own")
	}
	for _, c := range page.header.Values("Set-Cookie") {
		if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "path=/") {
			t.Errorf("cookie %q; want HttpOnly, SameSite=Lax, path=/", c)
		}
	}
	at := b.login(page)
	code := s.code(at, "s")
	log := s.log.String()
	for _, secret := range []string{code, alicePassword, "tgb_"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the secret %q", secret)
		}
	}
	german, err := http.NewRequest("GET", s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())), nil)
	if err != nil {
		t.Fatal(err)
	}
	german.Header.Set("Accept-Language", "fr, de-CH;q=0.8, en;q=0.5")
	if page := s.browser().do(german); !strings.Contains(page.body, `lang="de"`) || !strings.Contains(page.body, "Passwort") {
		t.Errorf("the page in German: %s", page.body)
	}
}

// A page of an application may call from its own origin, and no other page may.
func TestCrossOrigin(t *testing.T) {
	s := newSite(t)
	f := func(method, path, origin, wantOrigin string, status int) {
		t.Helper()
		options := []option{header("Origin", origin)}
		if method == "OPTIONS" {
			options = append(options, header("Access-Control-Request-Method", "POST"), header("Access-Control-Request-Headers", "content-type"))
		}
		r := s.send(method, path, "application/x-www-form-urlencoded", "", options...)
		if r.status != status || r.header.Get("Access-Control-Allow-Origin") != wantOrigin || r.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s from %s: %d, allowed origin %q; want %d and %q, without credentials", method, path, origin, r.status, r.header.Get("Access-Control-Allow-Origin"), status, wantOrigin)
		}
	}
	const own, partner, foreign = "http://127.0.0.1:9", "https://partner.example", "https://evil.example"
	for _, path := range []string{"/oauth2/token", "/oauth2/revoke", "/oauth2/userinfo"} {
		f("OPTIONS", path, own, own, 204)
		f("OPTIONS", path, partner, partner, 204)
		f("OPTIONS", path, foreign, "", 405)
		f("OPTIONS", path, "null", "", 405)
	}
	f("POST", "/oauth2/token", own, own, 400) // the page may read the error
	f("POST", "/oauth2/token", foreign, "", 400)
	f("GET", "/.well-known/openid-configuration", foreign, "*", 200)
	f("GET", "/.well-known/jwks.json", foreign, "*", 200)
	f("OPTIONS", "/oauth2/introspect", own, "", 405)
	f("OPTIONS", "/login", own, "", 405)
	f("GET", "/oauth2/authorize", own, "", 400)
	if r := s.send("POST", "/oauth2/token", "", "", header("Origin", foreign)); r.header.Get("Vary") != "Origin" {
		t.Errorf("Vary is %q, want Origin", r.header.Get("Vary"))
	}
}

func TestRFC9126_2_PushedRequests(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	verifier := oauth2.GenerateVerifier()
	request := []string{
		"response_type", "code", "redirect_uri", shopCallback, "scope", "openid", "state", "pushed",
		"code_challenge", oauth2.S256ChallengeFromVerifier(verifier), "code_challenge_method", "S256",
	}
	push := func(status int, code string, fields ...string) string {
		t.Helper()
		r := s.post("/oauth2/par", fields)
		if r.status != status || code != "" && r.text(t, "error") != code {
			t.Fatalf("pushing %v: %d %s, want %d %s", fields, r.status, r.body, status, code)
		}
		if status != 201 {
			return ""
		}
		return r.text(t, "request_uri")
	}
	use := func(client, uri string, more ...string) shown {
		t.Helper()
		q := url.Values{"client_id": {client}, "request_uri": {uri}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return b.get(s.url + "/oauth2/authorize?" + q.Encode())
	}
	uri := push(201, "", append(request, "client_id", "shop")...)
	// What stands beside request_uri counts for nothing.
	code := s.code(b.login(use("shop", uri, "redirect_uri", "https://evil.example", "state", "other")), "pushed")
	if _, err := s.app.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err != nil {
		t.Fatal(err)
	}
	if at := use("partner", uri); at.status != 400 || at.to != nil {
		t.Errorf("another client's request: %d, to %v; want 400", at.status, at.to)
	}
	if at := use("shop", uri+"x"); at.status != 400 {
		t.Errorf("an unknown request: %d, want 400", at.status)
	}
	push(401, "invalid_client", append(request, "client_id", "partner")...)
	push(400, "unauthorized_client", append(request, "client_id", "reporting", "client_secret", s.reporting)...)
	push(400, "invalid_request", "client_id", "shop", "response_type", "code", "redirect_uri", "https://evil.example")
	push(400, "invalid_request", append(request, "client_id", "shop", "request_uri", uri)...)
	s.advance(91 * time.Second)
	if at := use("shop", uri); at.status != 400 {
		t.Errorf("a request of a minute and a half ago: %d, want 400", at.status)
	}
	// A client that has to push is refused otherwise.
	shop, err := s.svc.store.Client(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	strict := *shop
	strict.RequirePAR = true
	if err := s.svc.store.PutClient(t.Context(), &strict, shop); err != nil {
		t.Fatal(err)
	}
	if at := b.get(s.app.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))); at.to == nil || at.to.Query().Get("error") != "invalid_request" {
		t.Errorf("a request that was to be pushed: %d, to %v; want invalid_request", at.status, at.to)
	}
	s.code(use("shop", push(201, "", append(request, "client_id", "shop")...)), "pushed")
}
