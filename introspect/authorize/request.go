package authorize

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/store"
)

// Request is an authorization request that has been checked (RFC 6749, section
// 4.1.1; OpenID Connect Core, section 3.1.2.1).
type Request struct {
	ClientID    string   `json:"c"`
	RedirectURI string   `json:"u"`
	GivenURI    bool     `json:"g,omitempty"` // the request named the redirect URI, so the token request has to
	State       string   `json:"s,omitempty"`
	Nonce       string   `json:"n,omitempty"`
	Challenge   string   `json:"k"`
	Scope       string   `json:"o,omitempty"`
	Audience    []string `json:"a,omitempty"`
	FormPost    bool     `json:"f,omitempty"`
	Prompt      string   `json:"p,omitempty"` // "", none or login
	Consent     bool     `json:"q,omitempty"` // the person is to be asked though it consented before
	MaxAge      int64    `json:"m"`           // seconds; -1: not asked for
	Hint        string   `json:"h,omitempty"` // login_hint
	Subject     string   `json:"j,omitempty"` // of id_token_hint
	Second      bool     `json:"2,omitempty"` // acr_values asks for a second factor, where the person has one
	Received    int64    `json:"t"`           // Unix seconds
	Browser     string   `json:"b,omitempty"` // digest of the cookie of the browser that sent it

	asked bool // it comes back from a page
}

// An Error is what a client is told of a request that cannot be served
// (RFC 6749, section 4.1.2.1).
type Error struct {
	Code        string
	Description string
}

func (e *Error) Error() string { return e.Code + ": " + e.Description }

func invalid(why string) *Error { return &Error{"invalid_request", why} }

// The scopes of OpenID Connect (Core, sections 5.4 and 11) and of roles. Any
// client may ask for them.
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopeRoles   = "roles"
	ScopeOffline = "offline_access"
)

// Scopes are the scopes that any client may ask for.
var Scopes = []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopeRoles, ScopeOffline}

// Bounds of what a request may carry, in bytes.
const (
	maxState = 2048
	maxNonce = 512
	maxHint  = 255
	maxURI   = 2048
)

// parameters of an authorization request that are read here. resource alone may
// be repeated (RFC 8707, section 2).
var parameters = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge",
	"code_challenge_method", "prompt", "max_age", "login_hint", "id_token_hint", "acr_values", "request", "request_uri",
}

// redirectURI is where the answer to a request of client goes, or an error that
// is told to the person and not to the client (RFC 6749, section 4.1.2.1).
func redirectURI(args *fasthttp.Args, client *store.Client) (uri string, given bool, err *Error) {
	asked := args.PeekMulti("redirect_uri")
	switch {
	case len(asked) > 1:
		return "", false, invalid("redirect_uri is repeated")
	case len(asked) == 1 && len(asked[0]) > 0:
		if !hasRedirectURI(client, string(asked[0])) {
			return "", false, invalid("redirect_uri is not one of the application's")
		}
		return string(asked[0]), true, nil
	case len(client.RedirectURIs) == 1:
		return client.RedirectURIs[0], false, nil
	}
	return "", false, invalid("redirect_uri is missing")
}

// hasRedirectURI reports whether uri is one of client's redirect URIs.
func hasRedirectURI(client *store.Client, uri string) bool {
	return slices.ContainsFunc(client.RedirectURIs, func(have string) bool { return sameURI(have, uri) })
}

// sameURI compares a registered redirect URI with one that is asked for: byte
// for byte, but for the port of a loopback address (RFC 8252, section 7.3;
// RFC 9700, section 2.1).
func sameURI(have, asked string) bool {
	if have == asked {
		return true
	}
	if len(asked) > maxURI {
		return false
	}
	a, err1 := url.Parse(have)
	b, err2 := url.Parse(asked)
	if err1 != nil || err2 != nil || a.Scheme != "http" || b.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(a.Hostname())
	if ip == nil || !ip.IsLoopback() || a.Hostname() != b.Hostname() {
		return false
	}
	if _, err := strconv.ParseUint(b.Port(), 10, 16); err != nil {
		return false
	}
	// The text but for the port has to be the same, so that nothing that
	// parses alike passes.
	return strings.Replace(have, a.Host, "", 1) == strings.Replace(asked, b.Host, "", 1)
}

// CheckRedirectURI says why an application cannot have uri as a redirect URI:
// it is absolute and without a fragment (RFC 6749, section 3.1.2), and https, a
// loopback address, or a scheme of the application's own (RFC 8252, section 7).
func CheckRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || !u.IsAbs() || len(uri) > maxURI:
		return invalid("redirect URI must be an absolute URI of at most 2048 bytes, like https://app.example/callback")
	case u.Fragment != "" || strings.Contains(uri, "#"):
		return invalid("redirect URI must have no fragment (RFC 6749, section 3.1.2)")
	case u.User != nil:
		return invalid("redirect URI must have no user")
	case u.Scheme == "https" && u.Host != "":
		return nil
	case u.Scheme == "http":
		ip := net.ParseIP(u.Hostname())
		if u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
		return invalid("redirect URI with http must be a loopback address; use https")
	case strings.Contains(u.Scheme, "."):
		return nil // a scheme of the application's own: a domain name backwards
	}
	return invalid("redirect URI must be https, a loopback address, or a scheme like com.example.app (RFC 8252, section 7)")
}

// parse checks the rest of a request, for the client and redirect URI found. An
// error is told to the client. The Request is usable for that also where there is
// one: its RedirectURI, State and FormPost are set.
func parse(args *fasthttp.Args, client *store.Client, audience []string, now int64) (*Request, *Error) {
	r := &Request{ClientID: client.ID, MaxAge: -1, Received: now}
	one := func(name string) string { return string(args.Peek(name)) }
	if state := one("state"); len(state) <= maxState && len(args.PeekMulti("state")) == 1 {
		r.State = state
	}
	switch mode := one("response_mode"); mode {
	case "", "query":
	case "form_post":
		r.FormPost = true
	default:
		return r, invalid("response_mode must be query or form_post")
	}
	for _, name := range parameters {
		if len(args.PeekMulti(name)) > 1 {
			return r, invalid(name + " is repeated")
		}
	}
	switch kind := one("response_type"); {
	case len(one("state")) > maxState:
		return r, invalid("state is longer than 2048 bytes")
	case len(one("request")) > 0:
		return r, &Error{"request_not_supported", "request objects are not supported"}
	case len(one("request_uri")) > 0:
		return r, &Error{"request_uri_not_supported", "request_uri is not supported"}
	case kind == "":
		return r, invalid("response_type is missing")
	case kind != "code":
		return r, &Error{"unsupported_response_type", "response_type must be code"}
	}
	if err := r.pkce(one("code_challenge"), one("code_challenge_method")); err != nil {
		return r, err
	}
	if r.Nonce = one("nonce"); len(r.Nonce) > maxNonce {
		return r, invalid("nonce is longer than 512 bytes")
	}
	r.Second = slices.Contains(strings.Fields(one("acr_values")), "2")
	if r.Hint = one("login_hint"); len(r.Hint) > maxHint {
		r.Hint = ""
	}
	if err := r.prompt(one("prompt")); err != nil {
		return r, err
	}
	if text := one("max_age"); text != "" {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return r, invalid("max_age must be a number of seconds")
		}
		r.MaxAge = int64(n)
	}
	var err *Error
	if r.Scope, err = grantable(one("scope"), client); err != nil {
		return r, err
	}
	r.Audience, err = targets(args, audience)
	return r, err
}

// pkce takes the code challenge, which every client has to send, by S256 alone
// (RFC 7636, section 4.3; RFC 9700, section 2.1.1).
func (r *Request) pkce(challenge, method string) *Error {
	switch {
	case challenge == "":
		return invalid("code_challenge is missing (RFC 7636): PKCE is required of every client")
	case method != "S256":
		return invalid("code_challenge_method must be S256")
	case !isChallenge(challenge):
		return invalid("code_challenge must be 43 characters of base64url, the SHA-256 of the verifier")
	}
	r.Challenge = challenge
	return nil
}

func isChallenge(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == sha256.Size && len(s) == base64.RawURLEncoding.EncodedLen(sha256.Size)
}

// verifies reports whether verifier is what challenge was made of (RFC 7636,
// section 4.6). A verifier has 43 to 128 unreserved characters.
func verifies(challenge, verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	for _, c := range []byte(verifier) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	sum := sha256.Sum256([]byte(verifier))
	made := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(made), []byte(challenge)) == 1
}

// prompt takes the prompts asked for.
func (r *Request) prompt(list string) *Error {
	asked := strings.Fields(list)
	for _, p := range asked {
		switch p {
		case "none":
			if len(asked) > 1 {
				return invalid("prompt none stands alone")
			}
			r.Prompt = p
		case "login", "select_account":
			r.Prompt = "login"
		case "consent":
			r.Consent = true
		default:
			return invalid("prompt must be none, login, consent or select_account")
		}
	}
	return nil
}

// mayAsk reports whether client may ask for a scope.
func mayAsk(client *store.Client, scope string) bool {
	return slices.Contains(Scopes, scope) || slices.Contains(client.Scopes, scope)
}

// grantable are the scopes of a request that a client may have. Others are passed
// over (OpenID Connect Core, section 3.1.2.1), unless nothing is left.
func grantable(asked string, client *store.Client) (string, *Error) {
	var granted []string
	for _, s := range strings.Fields(asked) {
		if mayAsk(client, s) && !slices.Contains(granted, s) {
			granted = append(granted, s)
		}
	}
	if asked != "" && len(granted) == 0 {
		return "", &Error{"invalid_scope", "the application may have none of these scopes"}
	}
	return strings.Join(granted, " "), nil
}

// targets are the audience asked for: all that the client may have where no
// resource is named (RFC 8707, section 2).
func targets(args *fasthttp.Args, may []string) ([]string, *Error) {
	asked := args.PeekMulti("resource")
	if len(asked) == 0 {
		return may, nil
	}
	var granted []string
	for _, r := range asked {
		if !slices.Contains(may, string(r)) {
			return nil, &Error{"invalid_target", "resource is not one that the application may use"}
		}
		if !slices.Contains(granted, string(r)) {
			granted = append(granted, string(r))
		}
	}
	return granted, nil
}

// HasScope reports whether a scope list names scope.
func HasScope(list, scope string) bool { return slices.Contains(strings.Fields(list), scope) }
