// Package webapp is a small application that people log in to with a browser:
// it sends them to the authorization endpoint (authorization code with PKCE),
// shows who they are, calls a microservice through the gateway with their
// access token, and logs them out everywhere. It shows what such an application
// has to do, by golang.org/x/oauth2 and coreos/go-oidc.
//
// It keeps its sessions in memory: it is an example.
package webapp

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config says where the application is and whom it trusts to log people in.
type Config struct {
	Issuer   string // whose authorization endpoint people are sent to
	ClientID string // of a public client there
	URL      string // of the application as browsers see it, without a slash at its end
	API      string // what it calls with people's access tokens: a URL that answers JSON
}

// App is the application. It is safe for concurrent use.
type App struct {
	cfg  Config
	path string // of URL

	mu       sync.Mutex
	pending  map[string]pending // by the value of the cookie "app"
	sessions map[string]session
}

// A pending login is one whose answer has not come back.
type pending struct {
	state, nonce, verifier string
	until                  time.Time
}

// A session is somebody who is logged in.
type session struct {
	idToken, accessToken string
	claims               map[string]any
	until                time.Time
}

const (
	cookieName  = "app"
	maxSessions = 1000 // of either kind
	pendingFor  = 10 * time.Minute
)

// New returns the application. It asks the issuer for nothing yet.
func New(cfg Config) (*App, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("webapp: URL: %w", err)
	}
	return &App{cfg: cfg, path: strings.TrimSuffix(u.Path, "/"), pending: map[string]pending{}, sessions: map[string]session{}}, nil
}

// Callback is the redirect URI to register for the client.
func (c Config) Callback() string { return c.URL + "/callback" }

// AfterLogout is the post-logout redirect URI to register for it.
func (c Config) AfterLogout() string { return c.URL + "/" }

// Handler serves the application, under the path of its URL.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+a.path+"/{$}", a.home)
	mux.Handle("GET "+a.path, http.RedirectHandler(a.path+"/", http.StatusSeeOther))
	mux.HandleFunc("GET "+a.path+"/login", a.login)
	mux.HandleFunc("GET "+a.path+"/callback", a.callback)
	mux.HandleFunc("POST "+a.path+"/logout", a.logout)
	return mux
}

// provider reads the issuer's metadata. It is asked for at each login: the
// issuer may be started after the application.
func (a *App) provider(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p, err := oidc.NewProvider(ctx, a.cfg.Issuer)
	if err != nil {
		return nil, nil, err
	}
	return p, &oauth2.Config{
		ClientID: a.cfg.ClientID, Endpoint: p.Endpoint(), RedirectURL: a.cfg.Callback(), Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}, nil
}

func (a *App) login(w http.ResponseWriter, r *http.Request) {
	_, conf, err := a.provider(r.Context())
	if err != nil {
		problem(w, http.StatusBadGateway, err)
		return
	}
	p := pending{state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), until: time.Now().Add(pendingFor)}
	key := a.remember(w, r, p)
	if key == "" {
		problem(w, http.StatusServiceUnavailable, fmt.Errorf("more than %d people are logging in", maxSessions))
		return
	}
	http.Redirect(w, r, conf.AuthCodeURL(p.state, oauth2.S256ChallengeOption(p.verifier), oidc.Nonce(p.nonce)), http.StatusSeeOther)
}

// remember keeps a pending login under a new cookie.
func (a *App) remember(w http.ResponseWriter, r *http.Request, p pending) (key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for k, old := range a.pending {
		if now.After(old.until) {
			delete(a.pending, k)
		}
	}
	if len(a.pending) >= maxSessions {
		return ""
	}
	key = rand.Text()
	a.pending[key] = p
	a.setCookie(w, key)
	return key
}

func (a *App) setCookie(w http.ResponseWriter, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: a.path + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(a.cfg.URL, "https://"),
	})
}

// take removes the pending login of a browser.
func (a *App) take(r *http.Request) (pending, bool) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return pending{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p, ok := a.pending[c.Value]
	delete(a.pending, c.Value)
	return p, ok && time.Now().Before(p.until)
}

func (a *App) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p, ok := a.take(r)
	switch {
	case !ok || q.Get("state") != p.state:
		problem(w, http.StatusBadRequest, fmt.Errorf("this login was not begun in this browser"))
		return
	case q.Get("iss") != a.cfg.Issuer: // RFC 9207
		problem(w, http.StatusBadRequest, fmt.Errorf("the answer is of another issuer"))
		return
	case q.Get("error") != "":
		problem(w, http.StatusForbidden, fmt.Errorf("%s: %s", q.Get("error"), q.Get("error_description")))
		return
	}
	s, err := a.redeem(r.Context(), q.Get("code"), p)
	if err != nil {
		problem(w, http.StatusBadGateway, err)
		return
	}
	key := rand.Text()
	a.mu.Lock()
	now := time.Now()
	for k, old := range a.sessions {
		if now.After(old.until) {
			delete(a.sessions, k)
		}
	}
	full := len(a.sessions) >= maxSessions
	if !full {
		a.sessions[key] = s
	}
	a.mu.Unlock()
	if full {
		problem(w, http.StatusServiceUnavailable, fmt.Errorf("more than %d people are logged in", maxSessions))
		return
	}
	a.setCookie(w, key)
	http.Redirect(w, r, a.path+"/", http.StatusSeeOther)
}

// redeem gets the tokens of a code and verifies the ID token.
func (a *App) redeem(ctx context.Context, code string, p pending) (s session, err error) {
	provider, conf, err := a.provider(ctx)
	if err != nil {
		return s, err
	}
	tokens, err := conf.Exchange(ctx, code, oauth2.VerifierOption(p.verifier))
	if err != nil {
		return s, err
	}
	s = session{accessToken: tokens.AccessToken, until: tokens.Expiry}
	s.idToken, _ = tokens.Extra("id_token").(string)
	id, err := provider.VerifierContext(ctx, &oidc.Config{
		ClientID: a.cfg.ClientID, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256, oidc.EdDSA},
	}).Verify(ctx, s.idToken)
	if err != nil {
		return s, err
	}
	if id.Nonce != p.nonce {
		return s, fmt.Errorf("the ID token has another nonce")
	}
	return s, id.Claims(&s.claims)
}

// session is that of a browser.
func (a *App) session(r *http.Request) (s session, key string, ok bool) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return s, "", false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok = a.sessions[c.Value]
	return s, c.Value, ok && time.Now().Before(s.until)
}

func (a *App) home(w http.ResponseWriter, r *http.Request) {
	s, _, ok := a.session(r)
	data := struct {
		In                   bool
		Name                 any
		Claims, Answer, Path string
	}{In: ok, Path: a.path}
	if ok {
		data.Name = s.claims["sub"]
		data.Claims = indented(s.claims)
		data.Answer = a.call(r.Context(), s.accessToken)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	if err := page.Execute(w, data); err != nil {
		return // the browser has gone
	}
}

// call is what the API answers to somebody's access token.
func (a *App) call(ctx context.Context, accessToken string) string {
	req, err := http.NewRequestWithContext(ctx, "GET", a.cfg.API, nil)
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return err.Error()
	}
	var object map[string]any
	if json.Unmarshal(body, &object) == nil {
		delete(object, "Authorization") // the token is nothing to show
		return res.Status + "\n" + indented(object)
	}
	return res.Status
}

func indented(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// logout ends the session here, and the login at the issuer (OpenID Connect
// RP-Initiated Logout).
func (a *App) logout(w http.ResponseWriter, r *http.Request) {
	s, key, ok := a.session(r)
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		problem(w, http.StatusForbidden, fmt.Errorf("this logout was asked for by another site"))
		return
	}
	a.mu.Lock()
	delete(a.sessions, key)
	a.mu.Unlock()
	a.setCookie(w, "")
	to := a.path + "/"
	if provider, _, err := a.provider(r.Context()); ok && err == nil {
		var metadata struct {
			EndSession string `json:"end_session_endpoint"`
		}
		if provider.Claims(&metadata) == nil && metadata.EndSession != "" {
			to = metadata.EndSession + "?" + url.Values{"id_token_hint": {s.idToken}, "post_logout_redirect_uri": {a.cfg.AfterLogout()}}.Encode()
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func problem(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, err.Error(), status)
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Example application</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
pre { overflow-x: auto; border: 1px solid #8888; border-radius: .4rem; padding: .8rem; }
a, button { font: inherit; font-weight: 600; }
</style>
<h1>Example application</h1>
{{if .In}}<p>You are logged in as <strong>{{.Name}}</strong>.</p>
<h2>The ID token says</h2>
<pre>{{.Claims}}</pre>
<h2>A microservice behind the gateway, asked with your access token, says</h2>
<pre>{{.Answer}}</pre>
<form method="post" action="{{.Path}}/logout"><button>Log out</button></form>
{{else}}<p>Nobody is logged in here.</p>
<p><a href="{{.Path}}/login">Log in</a></p>
{{end}}`))
