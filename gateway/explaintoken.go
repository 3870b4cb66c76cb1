package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/gateway/identity"
	"github.com/tollgate/tollgate/gateway/policy"
	"github.com/tollgate/tollgate/introspect/client"
)

// ExplainToken says how a token is decided on and why, and with a method what
// becomes of a request that bears it. It reads the keys of the issuers, and asks
// the issuer about an opaque token, within ctx. The text quotes the token's claims.
func (c Config) ExplainToken(ctx context.Context, token []byte, method, target string) (string, error) {
	c = c.WithDefaults()
	log := slog.New(slog.DiscardHandler)
	var b strings.Builder
	others, err := newIssuers(&c, nil, log)
	if err != nil {
		return "", err
	}
	defer others.close()
	found, err := c.explainToken(ctx, &b, others, bytes.TrimSpace(token))
	if err != nil {
		return "", err
	}
	if method == "" {
		return strings.TrimSuffix(b.String(), "\n"), nil
	}
	asked, err := c.asked(method, target)
	if err != nil {
		b.WriteString(err.Error()) // that too is what becomes of the request
		return b.String(), nil
	}
	b.WriteString(c.explain(asked))
	table, err := policy.New(c.Routes, nil)
	if err != nil {
		return "", err
	}
	m := table.Match(asked)
	switch {
	case m.Rule == nil:
	case m.Caller() == policy.CallerIgnored:
		b.WriteString("\nthis token: not looked at on this route; the request passes")
	case found == nil:
		b.WriteString("\nthis token: 401")
	default:
		fmt.Fprintf(&b, "\nthis token: %s", verdictText(m.Decide(asked, found, time.Now()).Verdict, m.Rule, found))
	}
	return b.String(), nil
}

// explainToken writes what is decided on token, and returns its claims if it is
// good.
func (c *Config) explainToken(ctx context.Context, b *strings.Builder, others *issuers, token []byte) (*claims.Claims, error) {
	if asker := others.introspector(token); asker != nil {
		answer, err := asker.Introspect(ctx, token)
		var refusal *identity.Refusal
		switch {
		case errors.As(err, &refusal) && !errors.Is(err, engine.ErrInactive):
			fmt.Fprintf(b, "token: refused (%s), by the rules for %s, of what its introspection says: %s\n", engine.Code(refusal.Err), asker.Issuer, refusal.Detail)
		case errors.Is(err, client.ErrInactive):
			fmt.Fprintf(b, "token: refused: %s was asked by introspection: %v\n", asker.Issuer, err)
		case err != nil:
			fmt.Fprintf(b, "token: not known: %s could not be asked by introspection: %v\n", asker.Issuer, err)
		default:
			writeClaims(b, answer.Claims)
			return answer.Claims, nil
		}
		return nil, nil
	}
	if c.Mode != ModeJWT && (len(others.rules) == 0 || !identity.LooksLikeJWT(token)) {
		fmt.Fprintf(b, "token: not known: in mode %s only the security service knows its tokens\n", c.Mode)
		return nil, nil
	}
	list, sets := others.rules, others.keys
	if c.Mode == ModeJWT && c.Issuer != "" {
		keys := keyset.New(keysAt(c), keyset.Options{})
		own := engine.Issuer{Name: c.Issuer, Keys: keys, Skew: c.Skew}
		if c.Audience != "" {
			own.Audiences = []string{c.Audience}
		}
		list, sets = append([]engine.Issuer{own}, list...), append([]*keyset.KeySet{keys}, sets...)
	}
	for i, keys := range sets {
		if err := keys.Refresh(ctx); err != nil {
			fmt.Fprintf(b, "keys of %s: %v\n", list[i].Name, err)
		}
	}
	e, err := engine.New(engine.Config{Issuers: list, CacheBytes: -1, MaxToken: c.Limits.Token})
	if err != nil {
		return nil, err
	}
	defer e.Close()
	now := time.Now()
	if x := e.ExplainAt(token, now); x.Err != nil {
		of := ""
		if x.Issuer != "" {
			of = ", by the rules for " + x.Issuer
		}
		fmt.Fprintf(b, "token: refused (%s)%s: %s\n", engine.Code(x.Err), of, x.Detail)
		return nil, nil
	}
	found, err := e.VerifyAt(token, now)
	if err != nil {
		return nil, err
	}
	writeClaims(b, found)
	return found, nil
}

func writeClaims(b *strings.Builder, c *claims.Claims) {
	fmt.Fprintf(b, "token: good, of %s: subject %q, client %q, id %q, roles %q, scopes %q; expires %s\n", c.Issuer(), c.Subject(), c.ClientID(), c.TokenID(),
		c.RoleList(), c.ScopeList(), c.ExpiresAt().Std().Format(time.RFC3339))
}

// verdictText says what the verdict on a good token of r is to the client, and why.
func verdictText(v policy.Verdict, r *policy.Rule, c *claims.Claims) string {
	switch v {
	case policy.Allowed:
		return "the request passes"
	case policy.WrongRole:
		return fmt.Sprintf("403: it has the roles %q, and the route wants one of %q", c.RoleList(), strings.Join(r.Roles, ","))
	case policy.WrongScope:
		return fmt.Sprintf("403: it has the scopes %q, and the route wants all of %q", c.ScopeList(), strings.Join(r.Scopes, " "))
	case policy.WrongLogin:
		return "401: the login is too old, or of another kind than the route wants"
	case policy.WrongCondition:
		return "403: the route's condition does not hold"
	case policy.Limited:
		return "429: too many requests"
	}
	return "refused"
}
