package authorize

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize/pages"
	"github.com/tollgate/tollgate/introspect/store"
)

// Store is what a Server keeps and looks up.
type Store interface {
	store.Records
	User(ctx context.Context, id string) (*store.User, error)
	Client(ctx context.Context, id string) (*store.Client, error)
	Revoke(ctx context.Context, events ...store.Event) error
	Revoked(ctx context.Context, t *store.Token, keyID string) (bool, error)
}

// Errors of a Login; what else it returns is a failure of ours.
var (
	ErrWrong   = errors.New("id or password is wrong")
	ErrLimited = errors.New("too many failed logins")
	ErrBusy    = errors.New("too many logins at once")
	// ErrCaller: who passes the request on in its own name is not known. The
	// person is not told; the error goes to who passes the request on.
	ErrCaller = errors.New("caller is not known")
)

// Config is what a Server works with. All of it is required but Title.
type Config struct {
	Issuer string
	Store  Store
	// Login checks an id and password, within the limits of logins. It says from
	// which network the request came, and the second of the login, from which on
	// no revocation made before reaches what is issued. ctx is the request.
	Login func(ctx *fasthttp.RequestCtx, id string, password []byte) (u *store.User, network string, now int64, err error)
	// Factor takes a code of a user's second factor, within the limits of
	// logins; it returns the user as stored then.
	Factor func(ctx context.Context, id, network, code string) (*store.User, error)
	// SetFactor gives a user a second factor with this secret, of which code is
	// one of now, and returns recovery codes. Without a secret it takes the
	// factor away that code is of.
	SetFactor func(ctx context.Context, id, network string, secret []byte, code string) ([]string, error)
	// Keys seal what travels through browsers: 32 bytes each, the one that
	// seals first. They are asked for at each use.
	Keys func() ([][]byte, error)
	// Audience is what tokens for a client may be for.
	Audience func(*store.Client) []string
	// VerifyHint returns the payload of an ID token of ours, expired or not.
	VerifyHint func(token []byte) ([]byte, error)
	// Horizon is when every access token issued up to now has expired.
	Horizon func(now int64) int64
	// Audit writes a line of the audit log.
	Audit func(event string, args ...any)
	// Failed writes to the log what went wrong on our side.
	Failed func(doing string, err error)
	Now    func() time.Time
	// SessionTTL is how long a browser stays logged in.
	SessionTTL time.Duration
	// Title is what the pages call the installation; default Tollgate.
	Title string
}

// A Server answers the requests of browsers.
type Server struct {
	Config
	cookies cookies
	pages   *pages.Pages
	below   string // the issuer's path, under which everything is
}

// New returns a Server for c. The issuer has been checked to be a URL.
func New(c Config) *Server {
	u, err := url.Parse(c.Issuer)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	if c.Title == "" {
		c.Title = "Tollgate"
	}
	below := strings.TrimSuffix(u.Path, "/")
	return &Server{
		Config: c, below: below, cookies: newCookies(u.Scheme == "https"),
		pages: pages.New(c.Title, below),
	}
}

// Paths of the endpoints, below the issuer's path.
const (
	PathAuthorize = "/oauth2/authorize"
	PathLogin     = "/oauth2/authorize/login"
	PathConsent   = "/oauth2/authorize/consent"
	PathFactor    = "/oauth2/authorize/factor"
	PathStyle     = "/oauth2/authorize/style.css"
	PathScript    = "/oauth2/authorize/post.js"
	PathIcon      = "/oauth2/authorize/icon.svg"
	PathLogout    = "/oauth2/logout"
	PathAccount   = "/account"
	PathSecond    = "/account/factor"
)

// sealed purposes.
const (
	purposeRequest = "authorization request"
	purposeFactor  = "second factor"
	purposeLogout  = "logout"
	purposeAccount = "account"
)

// requestTTL is how long a person may take over the pages, in seconds.
const requestTTL = 30 * 60

// page writes a page. Nothing of it is kept, framed, or told to where its links
// lead; redirect, if not empty, is where its forms may end up besides here.
func (s *Server) page(ctx *fasthttp.RequestCtx, status int, p *pages.Page, redirect string) {
	h := &ctx.Response.Header
	ctx.SetStatusCode(status)
	h.SetContentType("text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	form := "'self'"
	if redirect != "" {
		form += " " + formAction(redirect)
	}
	script := "'none'"
	if p.Post != nil {
		script = "'self'"
	}
	pictures := ""
	if p.Second != nil {
		pictures = " data:"
	}
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'"+pictures+"; script-src "+script+
		"; form-action "+form+"; base-uri 'none'; frame-ancestors 'none'")
	h.Add("Vary", "Accept-Language")
	p.Language = pages.Language(string(ctx.Request.Header.Peek("Accept-Language")))
	body := new(bytes.Buffer)
	s.pages.Write(body, p)
	ctx.SetBody(body.Bytes())
}

// formAction is the source expression (CSP 3, section 2.3.1) for a redirect URI:
// browsers hold redirects that follow a form to form-action too.
func formAction(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		scheme, _, _ := strings.Cut(uri, ":")
		return scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}

// Style is GET of the pages' stylesheet.
func (s *Server) Style(ctx *fasthttp.RequestCtx) error {
	return s.file(ctx, "text/css; charset=utf-8", pages.Style)
}

// Script is GET of the script that posts a form_post answer.
func (s *Server) Script(ctx *fasthttp.RequestCtx) error {
	return s.file(ctx, "text/javascript; charset=utf-8", pages.Script)
}

// Icon is GET of the pages' icon.
func (s *Server) Icon(ctx *fasthttp.RequestCtx) error {
	return s.file(ctx, "image/svg+xml", pages.Icon)
}

func (s *Server) file(ctx *fasthttp.RequestCtx, kind string, body []byte) error {
	h := &ctx.Response.Header
	h.SetContentType(kind)
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	ctx.SetBody(body)
	return nil
}

// problem shows a person what has gone wrong, where no client can be told.
func (s *Server) problem(ctx *fasthttp.RequestCtx, status int, problem pages.Problem, detail string) {
	s.page(ctx, status, &pages.Page{Problem: problem, Detail: detail}, "")
}

// fail shows that something went wrong on our side.
func (s *Server) fail(ctx *fasthttp.RequestCtx, doing string, err error) {
	s.Failed(doing, err)
	ctx.Response.Header.Set("Retry-After", "1")
	s.problem(ctx, fasthttp.StatusServiceUnavailable, pages.Unavailable, "")
}

// redirect sends the browser on with GET, whatever it came with (RFC 9700,
// section 4.12).
func redirect(ctx *fasthttp.RequestCtx, to string) {
	h := &ctx.Response.Header
	ctx.SetStatusCode(fasthttp.StatusSeeOther)
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
}

// foreign reports whether a form was posted by a page that is not ours. Browsers
// that do not say so are held by the cookie that requests are bound to, which
// no foreign form carries (SameSite).
func foreign(ctx *fasthttp.RequestCtx) bool {
	site := string(ctx.Request.Header.Peek("Sec-Fetch-Site"))
	return site != "" && site != "same-origin" && site != "none"
}
