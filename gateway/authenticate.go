package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/valyala/fasthttp"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/jwt"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
	"github.com/tollgate/tollgate/gateway/edge"
	"github.com/tollgate/tollgate/gateway/identity"
	"github.com/tollgate/tollgate/internal/exposition"
	"github.com/tollgate/tollgate/introspect/client"
)

// An authenticator turns credentials into identities, by the mode of the
// gateway. It outlives reloads.
type authenticator struct {
	mode     string
	engine   *engine.Engine // jwt alone
	keys     *keyset.KeySet // jwt and phantom
	source   keySource      // of keys
	keysRead atomic.Int64   // when they last were, Unix nanoseconds
	others   *issuers
	client   *client.Client // nil without a security service, as are the next two
	follower *revocation.Follower
	users    *apiUsers
	set      *revocation.Set
	maxToken int
	tooLong  func(error)         // logs that tokens are
	inactive func(issuer string) // counts a token that introspection does not accept
	serve    bool                // requests while the feed is lost
	stale    atomic.Bool         // the feed is lost for too long, or not read yet
}

// The type of a signed introspection answer (RFC 9701, section 5).
const typeIntrospection = "token-introspection+jwt"

var errAnswerKey = errors.New("no key has signed it")

func newAuthenticator(cfg *Config, log *slog.Logger) (*authenticator, error) {
	a := &authenticator{
		mode:     cfg.Mode,
		set:      revocation.NewSet(),
		serve:    cfg.Revocations.WhenStale == StaleServe,
		maxToken: cfg.Limits.Token, tooLong: quietly(log, "a token is refused for its length"),
	}
	a.stale.Store(cfg.hasService())
	if cfg.Mode != ModeOpaque && cfg.Issuer != "" {
		a.source.use(keysAt(cfg))
		a.keys = newKeys(cfg, &a.source, &a.keysRead, log)
	}
	var err error
	if a.others, err = newIssuers(cfg, a.set, log); err != nil {
		return nil, err
	}
	if err = a.newService(cfg, log); err != nil {
		a.others.close()
		return nil, err
	}
	list := a.others.rules
	if cfg.Mode == ModeJWT && cfg.Issuer != "" {
		issuer := engine.Issuer{Name: cfg.Issuer, Keys: a.keys, Skew: cfg.Skew, Revocations: a.set}
		if cfg.Audience != "" {
			issuer.Audiences = []string{cfg.Audience}
		}
		list = append([]engine.Issuer{issuer}, list...)
	}
	if len(list) > 0 {
		a.engine, err = engine.New(engine.Config{Issuers: list, CacheBytes: cfg.Cache.Claims, MaxToken: cfg.Limits.Token})
		if err != nil {
			a.close()
			return nil, err
		}
	}
	return a, nil
}

// newService makes ready what there is with a security service alone.
func (a *authenticator) newService(cfg *Config, log *slog.Logger) error {
	if !cfg.hasService() {
		log.Info("no security_service: no logins, API users, opaque tokens of its, and no revocations")
		return nil
	}
	cc := cfg.SecurityService
	cc.Issuer, cc.Audience = cfg.Issuer, cfg.Audience
	cc.Cache = client.Cache{
		TTL: cfg.Cache.IntrospectionTTL, Bytes: cfg.Cache.Introspection,
		InactiveTTL: cfg.Cache.InactiveTTL, InactiveEntries: cfg.Cache.InactiveEntries,
	}
	cc.Verify = a.verifyAnswer
	var err error
	if a.client, err = client.New(cc); err != nil {
		return fmt.Errorf("security_service: %w", err)
	}
	a.follower = revocation.NewFollower(feed{a.client}, a.set, revocation.Options{
		MaxSilence: cfg.Revocations.MaxSilence,
		OnError:    quietly(log, "following revocations"),
	})
	a.users = newAPIUsers(cfg.APIUsers, a.client)
	return nil
}

// quietly logs an error that comes again and again at most every ten seconds.
func quietly(log *slog.Logger, doing string) func(error) {
	var last atomic.Int64
	return func(err error) {
		now := time.Now().Unix()
		if l := last.Load(); now-l >= 10 && last.CompareAndSwap(l, now) {
			log.Warn(doing, "error", err)
		}
	}
}

// countRefusals counts in set tokens that introspection does not accept; package
// engine counts the others itself.
func (a *authenticator) countRefusals(set *metrics.Set, issuer string) {
	a.inactive = func(of string) {
		if of == "" {
			of = issuer
		}
		set.GetOrCreateCounter(fmt.Sprintf("tollgate_tokens_refused_total{issuer=%s,code=%q}", exposition.Quote(of), codeInactive)).Inc()
	}
}

// codeInactive stands for a token that the issuer does not know, or not any more.
// It does not say more of it (RFC 7662, section 2.2).
const codeInactive = "inactive"

// Explain says why a token is not accepted.
func (a *authenticator) Explain(p edge.Presented, now time.Time) (code, detail string) {
	c := readCredential(p.Authorization, p.HasAuthorization, p.APIKey, p.HasAPIKey)
	if c.kind == badCredential {
		return "malformed", "the credentials are not a scheme with one token, or there are two of them"
	}
	if asker := a.others.introspector(c.value); asker != nil {
		return codeInactive, fmt.Sprintf("%s says that the token is not active, or says of it what its rules do not allow", asker.Issuer)
	}
	if !a.verifies(c.value) {
		return codeInactive, "the security service says that the token is not active, or it was revoked"
	}
	x := a.engine.ExplainAt(c.value, now)
	if x.Issuer != "" {
		x.Detail += " (rules for " + x.Issuer + ")"
	}
	return engine.Code(x.Err), x.Detail
}

// verifies reports whether token is verified here, and not by introspection.
func (a *authenticator) verifies(token []byte) bool {
	return a.mode == ModeJWT || a.engine != nil && identity.LooksLikeJWT(token)
}

// run keeps keys and revocations current until ctx ends.
func (a *authenticator) run(ctx context.Context) {
	if a.keys != nil {
		go a.keys.Run(ctx)
	}
	for _, keys := range a.others.keys {
		go keys.Run(ctx)
	}
	if a.follower != nil {
		go a.follower.Run(ctx)
	}
}

func (a *authenticator) close() {
	if a.engine != nil {
		a.engine.Close()
	}
	a.others.close()
	if a.client != nil {
		a.client.Close()
	}
}

// Authenticate says who is asking; edge.Allowed means that it is known.
func (a *authenticator) Authenticate(p edge.Presented, now time.Time) (edge.Identity, edge.Outcome) {
	return a.authenticate(readCredential(p.Authorization, p.HasAuthorization, p.APIKey, p.HasAPIKey), now)
}

// Token reads a bearer token without judging it.
func (a *authenticator) Token(p edge.Presented) ([]byte, edge.Outcome) {
	switch c := readCredential(p.Authorization, p.HasAuthorization, p.APIKey, p.HasAPIKey); c.kind {
	case noCredential:
		return nil, edge.Anonymous
	case bearerToken:
		return c.value, edge.Allowed
	}
	return nil, edge.InvalidToken
}

func (a *authenticator) authenticate(c credential, now time.Time) (edge.Identity, edge.Outcome) {
	switch c.kind {
	case noCredential:
		return edge.Identity{}, edge.Anonymous
	case badCredential:
		return edge.Identity{}, edge.InvalidToken
	case bearerToken:
		return a.token(c.value, now)
	}
	return a.user(c, now)
}

// token validates an access token.
func (a *authenticator) token(token []byte, now time.Time) (edge.Identity, edge.Outcome) {
	if a.stale.Load() && !a.serve {
		return edge.Identity{}, edge.Unavailable
	}
	if len(token) > a.maxToken {
		a.tooLong(fmt.Errorf("it has %d bytes; at most %d are looked at (limits.token)", len(token), a.maxToken))
		return edge.Identity{}, edge.InvalidToken
	}
	var who edge.Identity
	var err error
	asker := a.others.introspector(token)
	switch {
	case asker != nil:
		who, err = a.ask(asker.Introspect, token)
	case a.verifies(token):
		who.Token = token
		if who.Claims, err = a.engine.VerifyAt(token, now); err != nil {
			if errors.Is(err, engine.ErrUnknownKey) && a.noKeys() {
				return edge.Identity{}, edge.Unavailable // nobody can be told from anybody
			}
			return edge.Identity{}, edge.InvalidToken
		}
		return who, edge.Allowed
	case a.mode == ModePhantom:
		who, err = a.ask(a.client.IntrospectPhantom, token)
	default:
		who, err = a.ask(a.client.Introspect, token)
	}
	o := edge.Allowed
	switch {
	case err != nil:
		o = refused(err)
	case now.UnixMilli() >= int64(who.Claims.ExpiresAt()) || a.Revoked(who.Claims):
		o = edge.InvalidToken
	}
	if o == edge.InvalidToken {
		of := ""
		if asker != nil {
			of = asker.Issuer
		}
		a.inactive(of)
	}
	if o != edge.Allowed {
		return edge.Identity{}, o
	}
	return who, edge.Allowed
}

// noKeys reports whether there is an issuer whose keys are not there.
func (a *authenticator) noKeys() bool {
	if a.keys != nil && a.keys.Snapshot().Len() == 0 {
		return true
	}
	return slices.ContainsFunc(a.others.keys, func(k *keyset.KeySet) bool { return k.Snapshot().Len() == 0 })
}

// ask has a token introspected.
func (a *authenticator) ask(introspect func(context.Context, []byte) (*client.Answer, error), token []byte) (edge.Identity, error) {
	if !tokenShaped(token) {
		return edge.Identity{}, client.ErrInactive
	}
	answer, err := introspect(context.Background(), token)
	if err != nil {
		return edge.Identity{}, err
	}
	who := edge.Identity{Claims: answer.Claims, Token: token}
	if answer.Phantom != "" {
		who.Token, who.Phantom = nil, answer.Phantom
	}
	return who, nil
}

// refused is the outcome of a failed call to the security service.
func refused(err error) edge.Outcome {
	switch {
	case errors.Is(err, client.ErrInactive):
		return edge.InvalidToken
	case errors.Is(err, client.ErrCredentials):
		return edge.InvalidClient
	case errors.Is(err, client.ErrBusy):
		return edge.Limited
	}
	return edge.Unavailable
}

// Revoked reports whether what c speaks of was revoked.
func (a *authenticator) Revoked(c *claims.Claims) bool {
	return a.set.Revoked(c.TokenID(), c.SessionID(), c.Subject(), c.ClientID(), c.KeyID(), c.IssuedAt().Unix())
}

// verifyAnswer checks the signature of a signed introspection answer.
func (a *authenticator) verifyAnswer(answer []byte) ([]byte, error) {
	t, err := jwt.Parse(answer)
	if err != nil {
		return nil, err
	}
	if t.Type != typeIntrospection {
		return nil, engine.ErrType
	}
	for _, k := range a.keys.Find(t.KeyID, t.Algorithm) {
		if k.Verify(t.Signed, t.Signature) {
			return t.Payload, nil
		}
	}
	return nil, errAnswerKey
}

// feed is the security service's feed as the follower reads it.
type feed struct{ c *client.Client }

func (f feed) Next(ctx context.Context, after string) (revocation.Batch, error) {
	b, err := f.c.Revocations(ctx, after)
	if err != nil {
		return revocation.Batch{}, err
	}
	out := revocation.Batch{Next: b.Next, Reset: b.Reset, Events: make([]revocation.Event, len(b.Events))}
	for i, e := range b.Events {
		out.Events[i] = revocation.Event{
			Cursor: e.Cursor, Kind: revocation.Kind(e.Kind), ID: e.ID, Before: e.Before, Expires: e.Expires,
		}
	}
	if len(b.Events) > 0 || b.Reset {
		f.c.Revise()
	}
	return out, nil
}

// visible reports whether s holds no control byte, no space at its ends and
// not the separator.
func visible(s string, separator byte) bool {
	if s != "" && (s[0] == ' ' || s[len(s)-1] == ' ') {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f || c == separator && separator != 0 {
			return false
		}
	}
	return true
}

// endpointService is the security service as the gateway's endpoints use it.
type endpointService struct {
	client *client.Client
	ctx    context.Context // ends when the gateway has drained
}

func (s endpointService) Login(in *fasthttp.Request, out *fasthttp.Response, from string) edge.Outcome {
	return relayed(s.client.Login(in, out, from))
}

func (s endpointService) Relay(in *fasthttp.Request, out *fasthttp.Response, from string) edge.Outcome {
	return relayed(s.client.Relay(in, out, from))
}

func (s endpointService) Page(in *fasthttp.Request, out *fasthttp.Response, from string) edge.Outcome {
	return relayed(s.client.Page(in, out, from))
}

func (s endpointService) Logout(token []byte) edge.Outcome {
	return relayed(s.client.Revoke(s.ctx, string(token)))
}

func relayed(err error) edge.Outcome {
	switch {
	case err == nil:
		return edge.Served
	case errors.Is(err, client.ErrBusy):
		return edge.Limited
	}
	return edge.Unavailable
}
