// Package verifier verifies the tokens of one Tollgate issuer in a microservice:
// it fetches the issuer's keys and follows its revocations, and asks nobody when
// a request comes.
//
//	v, err := verifier.New(verifier.Config{
//		Issuer: "https://auth.example.com", Audience: "orders",
//		SecurityService: "http://introspect:8090",
//		ClientID:        "orders", ClientSecret: verifier.SecretFile("/run/secrets/orders"),
//	})
//	go v.Run(ctx)
//	http.Handle("/orders", httpauth.Verify(v).Handler(orders))
//
// While the keys or the revocations are not known well enough, Verify returns
// ErrNotReady and accepts nothing; httpauth answers that with 503. What is built
// here of engine, keyset and revocation can be built by hand where there are
// several issuers.
package verifier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tollgate/tollgate/engine"
	"github.com/tollgate/tollgate/engine/claims"
	"github.com/tollgate/tollgate/engine/httpauth"
	"github.com/tollgate/tollgate/engine/keyset"
	"github.com/tollgate/tollgate/engine/revocation"
)

// ErrNotReady: keys and revocations have not been read yet, or not for longer
// than MaxSilence.
var ErrNotReady = fmt.Errorf("%w: keys or revocations are not known", httpauth.ErrUnavailable)

// Config says whose tokens a Verifier accepts.
type Config struct {
	// Issuer and Audience are the iss and the aud of the tokens.
	Issuer, Audience string
	// SecurityService is the base URL of the security service, where the keys and
	// the revocations come from; Issuer if empty. Where the issuer is a gateway,
	// which passes no revocations on, it is the service's own address.
	SecurityService string
	// ClientID is a service client of it, and ClientSecret returns its secret.
	ClientID     string
	ClientSecret func() (string, error)
	// MaxSilence is how long the feed of revocations may be lost before nothing
	// is accepted; 5 minutes if 0.
	MaxSilence time.Duration
	// Client makes the calls, for a service behind a CA of its own; if nil, the
	// defaults of keyset.HTTP and revocation.HTTP hold.
	Client *http.Client
	// OnError, if set, is called with what goes wrong in the background, from
	// several goroutines.
	OnError func(error)
}

// SecretFile is a ClientSecret that is kept in a file.
func SecretFile(path string) func() (string, error) { return revocation.SecretFile(path) }

// A Verifier verifies tokens by itself. It is safe for concurrent use.
type Verifier struct {
	engine   *engine.Engine
	keys     *keyset.KeySet
	follower *revocation.Follower
}

var errConfig = errors.New("verifier: Issuer, Audience, ClientID and ClientSecret must be given")

// New returns a Verifier that accepts something once it Runs.
func New(c Config) (*Verifier, error) {
	if c.Issuer == "" || c.Audience == "" || c.ClientID == "" || c.ClientSecret == nil {
		return nil, errConfig
	}
	if _, err := c.ClientSecret(); err != nil {
		return nil, fmt.Errorf("verifier: client secret: %w", err)
	}
	if c.SecurityService == "" {
		c.SecurityService = c.Issuer
	}
	if c.MaxSilence == 0 {
		c.MaxSilence = 5 * time.Minute
	}
	if c.OnError == nil {
		c.OnError = func(error) {}
	}
	base := strings.TrimSuffix(c.SecurityService, "/")
	keys := keyset.New(keyset.HTTP(base+"/.well-known/jwks.json", c.Client), keyset.Options{
		OnRefresh: func(_ []keyset.Refused, err error) {
			if err != nil {
				c.OnError(err)
			}
		},
	})
	revoked := revocation.NewSet()
	e, err := engine.New(engine.Config{Issuers: []engine.Issuer{{
		Name: c.Issuer, Audiences: []string{c.Audience}, Keys: keys, Revocations: revoked,
	}}})
	if err != nil {
		return nil, err
	}
	feed := revocation.HTTP(base+"/revocations", c.ClientID, c.ClientSecret, c.Client)
	options := revocation.Options{MaxSilence: c.MaxSilence, OnError: c.OnError}
	return &Verifier{e, keys, revocation.NewFollower(feed, revoked, options)}, nil
}

// Run keeps the keys and the revocations current until ctx ends. It is called
// once.
func (v *Verifier) Run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { _ = v.keys.Run(ctx) }) // both return ctx's error alone
	all.Go(func() { _ = v.follower.Run(ctx) })
	all.Wait()
	v.engine.Close()
}

// Ready reports whether there is what tokens are verified by.
func (v *Verifier) Ready() bool { return v.keys.Ready() && v.follower.Healthy(time.Now()) }

// Verify returns the claims of a good token, as engine.Engine does, or
// ErrNotReady. It implements httpauth.Verifier.
func (v *Verifier) Verify(token []byte) (*claims.Claims, error) {
	if !v.Ready() {
		return nil, ErrNotReady
	}
	return v.engine.Verify(token)
}
