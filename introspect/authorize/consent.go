package authorize

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/introspect/authorize/pages"
	"github.com/tollgate/tollgate/introspect/store"
)

// consentTTL is how long a consent is remembered, in seconds: a year.
const consentTTL = 365 * 24 * 3600

// A Consent is what a user lets a client have.
type Consent struct {
	Client string   `json:"client"`
	Scopes []string `json:"scopes"`
	Given  int64    `json:"given"`           // Unix seconds
	Since  int64    `json:"since,omitempty"` // when the first of these scopes was given

	kept *store.Record
}

func consentDigest(subject, client string) store.Digest {
	return store.DigestOf([]byte(subject + "\x00" + client)) // neither id holds a NUL
}

// consent is what subject lets a client have; the zero Consent where nothing.
func (s *Server) consent(ctx context.Context, subject, client string) (c Consent, err error) {
	return consentAt(ctx, s.Store, subject, client, s.Now().Unix())
}

// clockSkew is how far the clocks of services that share a store may be apart, in
// seconds.
const clockSkew = 60

// Consented reports whether subject lets client act, and has done so since it began
// to at a time: a consent that was given anew gives nothing back that was withdrawn.
func Consented(ctx context.Context, records store.Records, subject, client string, began, now int64) (bool, error) {
	c, err := consentAt(ctx, records, subject, client, now)
	return c.kept != nil && c.Since <= began+clockSkew, err
}

func consentAt(ctx context.Context, records store.Records, subject, client string, now int64) (c Consent, err error) {
	kept, err := records.Record(ctx, store.RecordConsent, consentDigest(subject, client), now)
	if errors.Is(err, store.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	c.kept = kept
	return c, json.Unmarshal(kept.Value, &c)
}

// needsConsent reports whether a person has to be asked: never for an
// application of the first party.
func (s *Server) needsConsent(ctx context.Context, r *Request, client *store.Client, b *Browser) (bool, error) {
	if client.FirstParty {
		return false, nil
	}
	if r.Consent {
		return true, nil
	}
	c, err := s.consent(ctx, b.Subject, client.ID)
	if err != nil {
		return false, err
	}
	if c.kept == nil {
		return true, nil
	}
	return slices.ContainsFunc(sorted(r.Scope), func(scope string) bool { return !slices.Contains(c.Scopes, scope) }), nil
}

// askConsent shows the page that asks for consent.
func (s *Server) askConsent(ctx *fasthttp.RequestCtx, r *Request, client *store.Client, b *Browser) {
	sealed, err := s.sealed(r)
	if err != nil {
		s.fail(ctx, "sealing a request", err)
		return
	}
	s.page(ctx, fasthttp.StatusOK, &pages.Page{Consent: &pages.Consent{
		Application: name(client), Request: sealed, User: b.Subject, Scopes: shownScopes(r.Scope),
	}}, r.RedirectURI)
}

// Consent is GET of that page after a login, and POST of its form.
func (s *Server) Consent(ctx *fasthttp.RequestCtx) error {
	args := ctx.QueryArgs()
	if ctx.IsPost() {
		args = ctx.PostArgs()
	}
	r, client := s.pending(ctx, args)
	if r == nil {
		return nil
	}
	b, err := s.loginFor(ctx, r)
	if err != nil {
		s.fail(ctx, "looking up the browser's login", err)
		return nil
	}
	if b == nil {
		s.askLogin(ctx, r, client, fasthttp.StatusOK, "")
		return nil
	}
	if !ctx.IsPost() {
		s.askConsent(ctx, r, client, b)
		return nil
	}
	if string(args.Peek("answer")) != "allow" {
		s.Audit("consent refused", "user", b.Subject, "client", client.ID)
		s.refuse(ctx, r, &Error{"access_denied", "the person has not consented"})
		return nil
	}
	if err := s.remember(ctx, b.Subject, client.ID, sorted(r.Scope)); err != nil {
		s.fail(ctx, "storing a consent", err)
		return nil
	}
	s.Audit("consent given", "user", b.Subject, "client", client.ID, "scope", r.Scope)
	s.grant(ctx, r, b, nil)
	return nil
}

// remember adds scopes to what subject lets a client have.
func (s *Server) remember(ctx context.Context, subject, client string, scopes []string) error {
	had, err := s.consent(ctx, subject, client)
	if err != nil {
		return err
	}
	now := s.Now().Unix()
	all := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(had.Scopes), scopes...))))
	since := had.Since
	if had.kept == nil {
		since = now
	}
	text, err := json.Marshal(Consent{Client: client, Scopes: all, Given: now, Since: since})
	if err != nil {
		return err
	}
	return s.Store.Keep(ctx, &store.Record{
		Kind: store.RecordConsent, Digest: consentDigest(subject, client), Owner: subject, Value: text, Expires: now + consentTTL,
	})
}

// Consents lists what subject lets clients have.
func (s *Server) Consents(ctx context.Context, subject string) ([]Consent, error) {
	kept, err := s.Store.Owned(ctx, store.RecordConsent, subject, s.Now().Unix())
	if err != nil {
		return nil, err
	}
	list := make([]Consent, len(kept))
	for i, r := range kept {
		list[i].kept = r
		if err := json.Unmarshal(r.Value, &list[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b Consent) int { return int(b.Given - a.Given) })
	return list, nil
}

// shownScopes are scopes in the order in which people are told of them: those of
// OpenID Connect first.
func shownScopes(scopes string) []string {
	list := sorted(scopes)
	slices.SortStableFunc(list, func(a, b string) int { return rank(a) - rank(b) })
	return list
}

func rank(scope string) int {
	if i := slices.Index(Scopes, scope); i >= 0 {
		return i
	}
	return len(Scopes)
}
