package introspect

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/account"
	"github.com/tollgate/tollgate/introspect/store"
)

// maxCredentials bounds a Basic credential in bytes: the longest id and secret
// have room with every byte of both percent-encoded.
const maxCredentials = 2400

var basic = []byte("basic ")

// credentials are what a client shows to say who it is.
type credentials struct {
	id     string
	secret []byte
}

// readCredentials finds the client's credentials in the Authorization header
// or, where f is given, in the body, but not in both (RFC 6749, section 2.3).
// A client_id without a secret names a public client.
func readCredentials(ctx *fasthttp.RequestCtx, f *form) (c credentials, shown bool, err error) {
	headers := ctx.Request.Header.PeekAll(fasthttp.HeaderAuthorization)
	if len(headers) > 1 {
		return c, false, invalidRequest("Authorization is repeated")
	}
	if len(headers) == 1 {
		if c, shown = parseBasic(headers[0]); !shown {
			return c, false, errInvalidClient
		}
	}
	if f == nil {
		return c, shown, nil
	}
	if len(f.peek("client_assertion")) > 0 || len(f.peek("client_assertion_type")) > 0 {
		return c, false, errInvalidClient // a method that is not known here is not none (RFC 7521, section 4.2)
	}
	id, secret := f.get("client_id"), f.peek("client_secret")
	switch {
	case shown && (len(secret) > 0 || id != "" && id != c.id):
		return c, false, invalidRequest("more than one client authentication")
	case shown || id == "" && len(secret) == 0:
		return c, shown, nil
	}
	return credentials{id, secret}, true, nil
}

func parseBasic(header []byte) (c credentials, ok bool) {
	if len(header) <= len(basic) || len(header) > maxCredentials || !bytes.EqualFold(header[:len(basic)], basic) {
		return c, false
	}
	var room [maxCredentials]byte
	n, err := base64.StdEncoding.Strict().Decode(room[:], header[len(basic):])
	if err != nil {
		return c, false
	}
	id, secret, ok := bytes.Cut(room[:n], []byte(":"))
	return credentials{decodedID(string(id)), bytes.Clone(secret)}, ok
}

// client authenticates a client by its credentials, at the cost of one
// SHA-256.
func (s *Service) client(ctx context.Context, c credentials) (*store.Client, error) {
	found, err := s.store.Client(ctx, c.id)
	if gone(err) {
		return nil, errInvalidClient
	}
	if err != nil {
		return nil, err
	}
	if !authenticates(found, c.secret) {
		return nil, s.wrongSecret(c.id)
	}
	if found.Disabled {
		return nil, errInvalidClient
	}
	return found, nil
}

// wrongSecret counts a client that shows a wrong secret, for all instances together.
// Beyond the budget that logins have for an id the log says so, and the answer when
// to try again. The right secret, of 256 random bits, works all the same: whoever
// guesses at it locks nobody out.
func (s *Service) wrongSecret(id string) error {
	limit := s.cfg.Login.PerID
	wait, err := s.budgets.Spend(background, []store.Budget{{Name: "secret\x00" + id, Burst: limit.Burst, Every: limit.Every}})
	if err != nil {
		s.log.Warn("a wrong client secret is not counted", "client", id, "error", err)
	}
	if wait <= 0 {
		return errInvalidClient
	}
	s.audit("client authentication", "outcome", "limited", "client", id)
	r := *errInvalidClient
	r.wait = wait
	return &r
}

// authenticates reports whether a client with this secret is c: a public client
// has none, and shows none (RFC 6749, section 2.1).
func authenticates(c *store.Client, secret []byte) bool {
	if c.Public {
		return len(secret) == 0
	}
	return account.SecretMatches(c, secret)
}

// decodedID undoes the encoding of a client id by RFC 6749, section 2.3.1, which
// is never needed but which some clients do: no id has a percent sign of its own.
func decodedID(id string) string {
	if !strings.Contains(id, "%") {
		return id
	}
	decoded, err := url.PathUnescape(id)
	if err != nil {
		return id
	}
	return decoded
}

// authenticated is the client that sends the request; no client, no answer.
func (s *Service) authenticated(ctx *fasthttp.RequestCtx, f *form) (*store.Client, error) {
	c, shown, err := readCredentials(ctx, f)
	if err != nil {
		return nil, err
	}
	if !shown || len(c.secret) == 0 {
		return nil, errInvalidClient
	}
	return s.client(background, c)
}

// service is the service client that sends the request.
func (s *Service) service(ctx *fasthttp.RequestCtx, f *form) (*store.Client, error) {
	c, err := s.authenticated(ctx, f)
	if err != nil {
		return nil, err
	}
	if !c.Service {
		return nil, errNotService
	}
	return c, nil
}

// anyone is the client that sends the request, or nil where the request comes
// from the public login client: it names that client or none.
func (s *Service) anyone(ctx *fasthttp.RequestCtx, f *form) (*store.Client, error) {
	c, shown, err := readCredentials(ctx, f)
	if err != nil {
		return nil, err
	}
	if !shown || len(c.secret) == 0 && c.id == s.cfg.LoginClientID {
		return nil, nil
	}
	return s.client(background, c)
}

// speaksFor reports whether c, nil for the public login client, may use and
// revoke what was issued to the client called id.
func (s *Service) speaksFor(c *store.Client, id string) bool {
	if id == s.cfg.LoginClientID {
		return c == nil || c.Service
	}
	return c != nil && c.ID == id
}
