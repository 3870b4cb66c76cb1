package identity

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/revocation"
	"github.com/tollgate/tollgate/introspect/client"
)

// An Introspector asks an issuer about its opaque tokens (RFC 7662). Answers are
// cached, calls coalesced and broken off as those to our own security service.
type Introspector struct {
	*client.Client
	Issuer string // its name
	Prefix string // of its tokens, "" for all that are no other issuer's
}

// A Refusal says why a token is not accepted of which its issuer's introspection
// was asked. It is a client.ErrInactive and the reason of package engine.
type Refusal struct {
	Err    error  // engine.ErrInactive where the issuer says so, else the rule that is broken
	Detail string // what was expected and what was there, for operators alone
}

func (r *Refusal) Error() string   { return r.Detail }
func (r *Refusal) Unwrap() []error { return []error{client.ErrInactive, r.Err} }

// NewIntrospector returns the introspector of c, which was resolved and has an
// introspection endpoint. It reads the secret, and does not connect.
func NewIntrospector(c *Issuer, cache client.Cache, revoked *revocation.Set, log *slog.Logger) (*Introspector, error) {
	rules := c.Rules(nil)
	rules.Revocations = revoked
	reader, err := engine.NewAnswerReader(rules)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.Introspection.URL)
	if err != nil {
		return nil, fmt.Errorf("introspection.url: %w", err)
	}
	log = log.With("issuer", c.Name)
	conf := client.Config{
		URL: u.Scheme + "://" + u.Host, Path: u.RequestURI(),
		ClientID: c.Introspection.ClientID, ClientSecret: c.Introspection.ClientSecret, Auth: c.Introspection.Auth,
		Timeout: c.Introspection.Timeout, TLS: c.Introspection.TLS, Cache: cache,
		Read: func(answer []byte, now time.Time) (*claims.Claims, error) {
			found, err := reader.Read(answer, now)
			switch {
			case err == nil:
				return found, nil
			case errors.Is(err, engine.ErrMalformed):
				return nil, err // it is no answer of RFC 7662
			}
			detail := reader.Explain(answer, err, now)
			log.Debug("token refused", "code", engine.Code(err), "detail", "by its introspection: "+detail)
			return nil, &Refusal{err, detail}
		},
	}
	asker, err := client.New(conf)
	if err != nil {
		return nil, fmt.Errorf("introspection.%w", err)
	}
	return &Introspector{asker, c.Name, c.Introspection.Prefix}, nil
}

// LooksLikeJWT reports whether token has three parts, as no opaque token of an
// issuer with a prefix is taken for.
func LooksLikeJWT(token []byte) bool {
	dots := 0
	for _, c := range token {
		if c == '.' {
			dots++
		}
	}
	return dots == 2
}
