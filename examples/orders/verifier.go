package orders

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
	"github.com/tollgate/tollgate/introspect/client"
)

// VerifierConfig says whose tokens a Verifier accepts.
type VerifierConfig struct {
	// SecurityService is where the keys and the revocations come from; its
	// client has to be a service client.
	SecurityService client.Config
	// Issuer and Audience are the iss and the aud of the tokens.
	Issuer, Audience string
	// MaxSilence is how long the feed of revocations may be lost before
	// requests are refused; 5 minutes if 0.
	MaxSilence time.Duration
	// OnError, if set, hears what goes wrong in the background.
	OnError func(error)
}

// A Verifier verifies tokens by itself: it fetches the issuer's keys and
// follows its revocations, and asks nobody when a request comes.
type Verifier struct {
	engine   *engine.Engine
	keys     *keyset.KeySet
	follower *revocation.Follower
	client   *client.Client
}

// NewVerifier returns a Verifier that is of use once it Runs.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	if c.MaxSilence == 0 {
		c.MaxSilence = 5 * time.Minute
	}
	onError := c.OnError
	if onError == nil {
		onError = func(error) {}
	}
	service, err := client.New(c.SecurityService)
	if err != nil {
		return nil, err
	}
	keys := keyset.New(keyset.HTTP(c.SecurityService.URL+"/.well-known/jwks.json", nil), keyset.Options{
		OnRefresh: func(_ []keyset.Refused, err error) {
			if err != nil {
				onError(err)
			}
		},
	})
	revoked := revocation.NewSet()
	verifier, err := engine.New(engine.Config{Issuers: []engine.Issuer{{
		Name: c.Issuer, Audiences: []string{c.Audience}, Keys: keys, Revocations: revoked,
	}}})
	if err != nil {
		service.Close()
		return nil, err
	}
	options := revocation.Options{MaxSilence: c.MaxSilence, OnError: onError}
	return &Verifier{verifier, keys, revocation.NewFollower(feed{service}, revoked, options), service}, nil
}

// Run keeps the keys and the revocations current until ctx ends.
func (v *Verifier) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { _ = v.keys.Run(ctx) }) // both return ctx's error alone
	all.Go(func() { _ = v.follower.Run(ctx) })
	all.Wait()
	v.client.Close()
	v.engine.Close()
}

// Ready reports whether there is what tokens are verified by.
func (v *Verifier) Ready() bool { return v.keys.Ready() && v.follower.Healthy(time.Now()) }

// Verify implements httpauth.Verifier.
func (v *Verifier) Verify(token []byte) (*claims.Claims, error) { return v.engine.Verify(token) }

// Guard answers 503 while what is known of keys and revocations is too old to
// accept anything on.
func (v *Verifier) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !v.Ready() {
			w.Header().Set("Retry-After", "1")
			fail(w, http.StatusServiceUnavailable, "tokens cannot be verified at the moment")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// feed has the client's feed speak the types of package revocation.
type feed struct{ client *client.Client }

func (f feed) Next(ctx context.Context, after string) (revocation.Batch, error) {
	b, err := f.client.Revocations(ctx, after)
	events := make([]revocation.Event, len(b.Events))
	for i, e := range b.Events {
		events[i] = revocation.Event{Cursor: e.Cursor, Kind: revocation.Kind(e.Kind), ID: e.ID, Before: e.Before, Expires: e.Expires}
	}
	return revocation.Batch{Events: events, Next: b.Next, Reset: b.Reset}, err
}
